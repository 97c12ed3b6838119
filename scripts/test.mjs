// `npm test`: install, build, run all checks and all tests.
// `npm test -- ARGUMENTS`: run only tests, with ARGUMENTS for vitest: `npm test -- packages/core`.
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
const skipped = endToEnd ? meetRequirements() : []
await build()
const failedChecks = everything ? await runChecks() : 0
const tests = await runTests()
finish()

/** Runs the static checks and prints the output of failed ones. @returns how many failed. */
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

/** Runs vitest. @returns its exit code and counts. */
async function runTests() {
  rmSync(reportFile, { force: true })
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...(everything ? ['--coverage'] : []),
    ...skipped.flatMap(({ tests: glob }) => ['--exclude', glob]),
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

/** Lists the skipped tests, prints the totals, and sets the exit code. */
function finish() {
  for (const { tests: glob, advice } of skipped) console.log(`Skipped: ${glob}, which ${advice}`)
  const failedSuites = process.env.CI === 'true' ? skipped.length : 0
  // Vitest can fail without a failed test, for example if a file does not load or coverage is low.
  const failedTests = tests.code === 0 ? 0 : Math.max(tests.failed, 1)
  const failed = failedTests + failedChecks + failedSuites
  console.log(`${tests.passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
