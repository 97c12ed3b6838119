// Compiles the binaries to publish into prebuilds/. Needs Debian's gcc-x86-64-linux-gnu and
// gcc-aarch64-linux-gnu, one of which is the native compiler.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compile, root } from './compiler.mjs'

const compilers = {
  'linux-x64': 'x86_64-linux-gnu-gcc',
  'linux-arm64': 'aarch64-linux-gnu-gcc',
}

rmSync(join(root, 'prebuilds'), { recursive: true, force: true })
for (const [target, compiler] of Object.entries(compilers)) {
  const folder = join(root, 'prebuilds', target)
  const binary = join(folder, 'udp_batch.node')
  mkdirSync(folder, { recursive: true })
  compile(compiler, binary, ['-Werror', '-s'])
  const complaint = bindings(binary)
  if (complaint !== '') throw new Error(`${binary} is bound to one C library: ${complaint}`)
  console.log(`${target}: ${binary}`)
}

/** The libraries and symbol versions that a binary requires; empty if any C library will do. */
function bindings(binary) {
  const { stdout } = spawnSync('readelf', ['--dynamic', '--dyn-syms', '--wide', binary], {
    encoding: 'utf8',
  })
  if (!stdout?.includes('.dynsym')) throw new Error(`readelf does not read ${binary}`)
  return stdout
    .split('\n')
    .filter((line) => /\(NEEDED\)|@GLIBC|_chk\b|__stack_chk/.test(line))
    .join('\n')
}
