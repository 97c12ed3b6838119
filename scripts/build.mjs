import { join } from 'node:path'
import { root, step } from './command.mjs'

/** Compiles every package that changed since the last build. */
export async function build() {
  const turbo = join(root, 'node_modules', '.bin', 'turbo')
  await step('Building', turbo, ['run', 'build', '--output-logs=errors-only'])
}
