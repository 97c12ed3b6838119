// `npm test`: install what is missing, build, check types, style and leftovers, run every test.
// `npm test -- ARGUMENTS` runs tests alone and hands ARGUMENTS to vitest: `npm test --
// packages/core`.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { cache, capture, environment, projectNode, root, seconds, show } from './command.mjs'
import { install } from './install.mjs'
import { canIsolate, inPrivateNetwork } from './private-network.mjs'
import { meetRequirements } from './requirements.mjs'

const vitestArguments = process.argv.slice(2)
const everything = vitestArguments.length === 0
const endToEnd = everything || vitestArguments.some((argument) => argument.includes('e2e'))
const reportFile = join(cache, 'vitest.json')

await install()
const leftOut = endToEnd ? meetRequirements() : []
await build()
const failedChecks = everything ? await runChecks() : 0
const tests = await runTests()
finish()

/**
 * Runs the checks that need no running code, and shows the output of those that fail. @returns how
 * many do
 */
async function runChecks() {
  const results = await Promise.all([
    check('Types', 'tsc', '-p', 'tsconfig.test.json'),
    check('Lint', 'oxlint', '--type-aware', '--deny-warnings'),
    check('Format', 'oxfmt', '--check'),
    check('Unused code', 'knip'),
    check('Packages', 'node', 'scripts/check-packages.mjs'),
  ])
  return results.filter((ok) => !ok).length
}

async function check(name, command, ...args) {
  const started = Date.now()
  const { code, output } = await capture(command, args)
  console.log(code === 0 ? `${name}: ok ${seconds(started)}` : `${name}: failed\n${output}`)
  return code === 0
}

/** Runs vitest and returns its exit code and counts. */
async function runTests() {
  rmSync(reportFile, { force: true })
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...(everything ? ['--coverage'] : []),
    ...leftOut.flatMap(({ tests: glob }) => ['--exclude', glob]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...vitestArguments,
  ]
  const isolated = endToEnd && canIsolate()
  const [command, commandArgs] = isolated
    ? inPrivateNetwork(projectNode(), args)
    : [projectNode(), args]
  const env = { ...environment(), ...(isolated ? { CHIHAYA_PRIVATE_NETWORK: '1' } : {}) }
  const code = await show(command, commandArgs, { env })
  const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : {}
  return { code, passed: report.numPassedTests ?? 0, failed: report.numFailedTests ?? 0 }
}

/** Closes with what was not run, and with one line of numbers. */
function finish() {
  for (const { tests: glob, advice } of leftOut) console.log(`Left out: ${glob}, which ${advice}`)
  const failedSuites = process.env.CI === 'true' ? leftOut.length : 0
  // Vitest can fail without a failed test: a file that does not load, coverage below its threshold.
  const failedTests = tests.code === 0 ? 0 : Math.max(tests.failed, 1)
  const failed = failedTests + failedChecks + failedSuites
  console.log(`${tests.passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
