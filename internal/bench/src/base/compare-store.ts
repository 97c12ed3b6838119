import type { Checkout } from '../checkout.ts'
import type { Section } from '../section.ts'
import { measureStore } from '../store/measurement.ts'
import { ratioRow, readPairs } from './pair.ts'

const ROUNDS = 5

/** The memory store. Each checkout runs its own measurement, which knows its store's interface. */
export async function compareStore(base: Checkout): Promise<Section[]> {
  const speed = async (swarms: number, peers: number) =>
    ratioRow(
      `announces per CPU-second, ${swarms.toLocaleString('en')} × ${peers.toLocaleString('en')} peers`,
      await readPairs(base, ROUNDS, (tree) => measureStore(tree, 'speed', 'memory', swarms, peers)),
      ([announces = Number.NaN]) => announces,
      (announces) => `${(announces / 1e6).toFixed(2)} M`,
    )
  const rows = [await speed(10_000, 100), await speed(1, 1_000_000)]
  return [{ title: `Memory store, compared with ${base.root}`, text: 'More is better.', rows }]
}
