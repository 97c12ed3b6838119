import type { Checkout } from '../checkout.ts'
import type { Section } from '../section.ts'
import { chihaya } from '../udp/contenders.ts'
import { readUdp } from '../udp/reading.ts'
import { ratioRow, readPairs } from './pair.ts'

const ROUNDS = 7

/** Responses per CPU-second over UDP, from a bound address and from the wildcard address. */
export async function compareUdp(base: Checkout): Promise<Section[]> {
  const rows = []
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const pairs = await readPairs(base, ROUNDS, ({ main }) =>
      readUdp(chihaya('Chihaya', { main, host }), 'popular'),
    )
    const row = ratioRow(
      `responses per CPU-second at ${host}`,
      pairs,
      ({ perCpuSecond }) => perCpuSecond,
      (responses) => responses.toFixed(0),
    )
    rows.push(row)
  }
  return [{ title: `UDP, compared with ${base.root}`, text: 'More is better.', rows }]
}
