// Compiles the binary of this machine, where it is to be had and not there yet. A machine that
// cannot do without: the package then says why it is not there. `--optional` is for users'
// machines, which nothing may fail on.
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile, NoCompiler, root, sources } from './compiler.mjs'

const optional = process.argv.includes('--optional')
const target = `${process.platform}-${process.arch}`
const folder = join(root, 'build', target)
const binary = join(folder, 'udp_batch.node')
const reasonFile = join(folder, 'unavailable.txt')

if (process.platform === 'linux' && !isPublished() && !isCurrent()) build()

/** Whether the package came with a binary. In a checkout, the sources decide. */
function isPublished() {
  return optional && existsSync(join(root, 'prebuilds', target, 'udp_batch.node'))
}

function isCurrent() {
  if (!existsSync(binary)) return false
  const built = statSync(binary).mtimeMs
  return [...sources, join(root, 'scripts', 'compiler.mjs')].every(
    (file) => statSync(file).mtimeMs < built,
  )
}

function build() {
  // Renamed when it is whole: a process that has the old one loaded keeps it, and another may be
  // compiling too.
  const unfinished = `${binary}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true })
    // A warning is a mistake in the sources, and not of the user whose compiler has new ones.
    compile(process.env.CC || 'cc', unfinished, optional ? [] : ['-Werror'])
    renameSync(unfinished, binary)
    rmSync(reasonFile, { force: true })
  } catch (error) {
    goWithout(error)
  }

  /** Leaves the reason instead of a binary, also of one that is older than the sources. */
  function goWithout(error) {
    const complaint = `@chihaya/udp-batch goes without its binary: ${error.message}`
    if (!optional && !(error instanceof NoCompiler)) {
      console.error(complaint)
      process.exit(1)
    }
    console.log(complaint)
    try {
      for (const file of [unfinished, binary]) rmSync(file, { force: true })
      writeFileSync(reasonFile, error.message)
    } catch {
      // Not even a folder to write to: the package says that there is no binary.
    }
  }
}
