import type { Checkout } from '../checkout.ts'
import type { Section } from '../section.ts'
import { measureStore } from '../store/measurement.ts'
import { pair } from './pair.ts'

const ROUNDS = 5

/** The memory store. Each checkout runs its own measurement, which knows its store's interface. */
export async function compareStore(base: Checkout): Promise<Section[]> {
  const speed = (swarms: number, peers: number) =>
    pair({
      what: `announces per CPU-second, ${swarms.toLocaleString('en')} × ${peers.toLocaleString('en')} peers`,
      base,
      rounds: ROUNDS,
      read: async (tree) => (await measureStore(tree, 'speed', 'memory', swarms, peers))[0] ?? 0,
      format: (value) => `${(value / 1e6).toFixed(2)} M`,
    })
  const rows = [await speed(10_000, 100), await speed(1, 1_000_000)]
  return [{ title: `Memory store, compared with ${base.root}`, text: 'More is better.', rows }]
}
