// Compiles the binary for this machine unless it is up to date. Without a compiler, leaves the
// reason for the package to report. With `--optional`, for users' machines, nothing fails.
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile, NoCompiler, root, sources } from './compiler.mjs'

const optional = process.argv.includes('--optional')
const target = `${process.platform}-${process.arch}`
const folder = join(root, 'build', target)
const binary = join(folder, 'udp_batch.node')
const reasonFile = join(folder, 'unavailable.txt')

if (process.platform === 'linux' && !isPublished() && !isCurrent()) build()

/** Whether the package came with a binary. A checkout compiles its sources. */
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
  // Renamed when complete: running processes keep the old file, and another process may be
  // compiling at the same time.
  const unfinished = `${binary}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true })
    // Warnings are errors in a checkout only: a user's compiler may have new ones.
    compile(process.env.CC || 'cc', unfinished, optional ? [] : ['-Werror'])
    renameSync(unfinished, binary)
    rmSync(reasonFile, { force: true })
  } catch (error) {
    goWithout(error)
  }

  /** Replaces the binary, which may be out of date, by the reason. */
  function goWithout(error) {
    const complaint = `@chihaya/udp-batch has no binary: ${error.message}`
    if (!optional && !(error instanceof NoCompiler)) {
      console.error(complaint)
      process.exit(1)
    }
    console.log(complaint)
    try {
      for (const file of [unfinished, binary]) rmSync(file, { force: true })
      writeFileSync(reasonFile, error.message)
    } catch {
      // Without a writable folder, the package reports that no binary was compiled.
    }
  }
}
