import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Checkout } from '../checkout.ts'

/** Runs `measure.ts` of a checkout in its own process, and returns its figures. */
export async function measureStore(
  tree: Checkout,
  ...args: ReadonlyArray<string | number>
): Promise<number[]> {
  const script = join(tree.root, 'internal/bench/src/store/measure.ts')
  const flags = ['--expose-gc', '--conditions=@chihaya/source', script]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args.map(String)])
  return stdout.split(' ').map(Number)
}
