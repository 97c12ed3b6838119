import type { Checkout } from '../checkout.ts'
import { median } from '../median.ts'
import { Setup, type Measurement } from '../redis/setup.ts'
import type { Section } from '../section.ts'
import { ratioRow, readPairs } from './pair.ts'

const ROUNDS = 9
/** Per start of a tracker. */
const READINGS = 3
const TORRENTS = 1000
const PEERS = 100
const NUM_WANT = 50

interface Cost {
  readonly tracker: number
  readonly redis: number
}

/** CPU time of tracker and Redis for an announce over UDP. */
export async function compareRedis(base: Checkout): Promise<Section[]> {
  const pairs = await readPairs(base, ROUNDS, read)
  const row = (what: string, costOf: (cost: Cost) => number) =>
    ratioRow(what, pairs, costOf, (cost) => `${cost.toFixed(1)} µs`)
  return [
    {
      title: `Redis store, compared with ${base.root}`,
      text: 'CPU time per announce. Less is better.',
      rows: [
        row('tracker', ({ tracker }) => tracker),
        row('Redis', ({ redis }) => redis),
        row('both', ({ tracker, redis }) => tracker + redis),
      ],
    },
  ]
}

async function read({ main }: Checkout): Promise<Cost> {
  const setup = await Setup.start([[TORRENTS, PEERS]], [main])
  const readings: Measurement[] = []
  try {
    // One at a time: they would disturb each other.
    // oxlint-disable-next-line no-await-in-loop
    for (let reading = 0; reading < READINGS; reading++)
      readings.push(await setup.measure({ first: 0, last: TORRENTS - 1, numWant: NUM_WANT }))
  } finally {
    await setup.stop()
  }
  return {
    tracker: median(readings.map(({ tracker }) => tracker)),
    redis: median(readings.map(({ redis }) => redis)),
  }
}
