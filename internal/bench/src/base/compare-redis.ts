import type { Checkout } from '../checkout.ts'
import { Setup } from '../redis/setup.ts'
import type { Section } from '../section.ts'
import { pair } from './pair.ts'

const ROUNDS = 7
const TORRENTS = 1000
const PEERS = 100
const NUM_WANT = 50

/** CPU time of tracker and Redis for an announce over UDP. */
export async function compareRedis(base: Checkout): Promise<Section[]> {
  const row = await pair({
    what: 'CPU µs per announce, tracker and Redis',
    base,
    rounds: ROUNDS,
    async read({ main }) {
      const setup = await Setup.start([[TORRENTS, PEERS]], [main])
      try {
        const task = { first: 0, last: TORRENTS - 1, numWant: NUM_WANT }
        const { tracker, redis } = await setup.measure(task)
        return tracker + redis
      } finally {
        await setup.stop()
      }
    },
    format: (value) => value.toFixed(1),
  })
  return [
    { title: `Redis store, compared with ${base.root}`, text: 'Less is better.', rows: [row] },
  ]
}
