import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { memoryRow } from './memory.ts'
import { Setup, type Measurement } from './setup.ts'

const ROUNDS = 7
const MIN_RATE = 16_000
const MAX_RATIO = 1.3
const SIZES = [10, 100, 1000, 10_000, 100_000]
/** The smallest swarm has ten peers, so an answer has nine at most. */
const FEW = 9
const MANY = 50

/**
 * Measures the Redis store: announces over UDP, their cost in swarms of different sizes, and
 * memory.
 */
export async function benchRedis(): Promise<Section[]> {
  const rows = [
    await throughputRow(),
    ...(await flatnessRows()),
    await memoryRow('ipv4', 1000, 100),
    await memoryRow('ipv6', 1000, 100),
  ]
  const text =
    'Announces over UDP to a tracker whose swarms are in Redis. Tracker, Redis and load generator ' +
    'share the machine, and 256 announces are in flight at any time. The cost of an announce is the ' +
    'CPU time of the tracker and of Redis. The cost in swarms of different sizes is measured in ' +
    'alternating rounds, relative to the smallest swarm that has as many peers as requested. Memory ' +
    'is the growth of `used_memory`, keys and peer ids included.'
  return [{ title: 'The Redis store', text, rows }]
}

/** Microseconds of CPU per announce. */
function describe(rounds: readonly Measurement[]): string {
  const middle = (key: keyof Measurement): string =>
    median(rounds.map((round) => round[key])).toFixed(0)
  return `tracker ${middle('tracker')} µs, Redis ${middle('redis')} µs`
}

async function throughputRow(): Promise<Row> {
  const setup = await Setup.start([[1000, 100]])
  const rounds: Measurement[] = []
  try {
    // One at a time: they would disturb each other.
    // oxlint-disable-next-line no-await-in-loop
    for (let round = 0; round < ROUNDS; round++)
      rounds.push(await setup.measure({ first: 0, last: 999, numWant: MANY }))
  } finally {
    await setup.stop()
  }
  const rate = median(rounds.map((round) => round.rate))
  return {
    what: `announces to 1,000 swarms of 100 peers, \`numwant\` ${MANY}`,
    measured: `${Math.round(rate).toLocaleString('en')}/s (${describe(rounds)})`,
    target: `≥ ${MIN_RATE.toLocaleString('en')}/s`,
    met: rate >= MIN_RATE,
  }
}

/**
 * The cost of an announce in swarms of different sizes, relative to the smallest that has as many
 * peers as requested.
 */
async function flatnessRows(): Promise<Row[]> {
  const setup = await Setup.start(SIZES.map((size) => [1, size] as const))
  const series = [FEW, MANY].map((numWant) => {
    const torrents = [...SIZES.keys()].filter((torrent) => (SIZES[torrent] ?? 0) > numWant)
    return { numWant, torrents, rounds: torrents.map((): Measurement[] => []) }
  })
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const { numWant, torrents, rounds } of series) {
        for (const [index, torrent] of torrents.entries()) {
          // oxlint-disable-next-line no-await-in-loop
          rounds[index]?.push(await setup.measure({ first: torrent, last: torrent, numWant }))
        }
      }
    }
  } finally {
    await setup.stop()
  }
  return series.flatMap(({ numWant, torrents, rounds }) =>
    torrents.map((torrent, index) =>
      flatnessRow(SIZES[torrent] ?? 0, numWant, rounds[index] ?? [], rounds[0] ?? []),
    ),
  )
}

function flatnessRow(
  size: number,
  numWant: number,
  own: readonly Measurement[],
  least: readonly Measurement[],
): Row {
  const cost = (measured: Measurement | undefined): number =>
    measured ? measured.tracker + measured.redis : Number.NaN
  const ratio = median(own.map((measured, round) => cost(measured) / cost(least[round])))
  return {
    what: `cost of an announce to a swarm of ${size.toLocaleString('en')} peers, \`numwant\` ${numWant}`,
    measured: `${ratio.toFixed(2)} × (${describe(own)})`,
    target: `≤ ${MAX_RATIO} ×`,
    met: ratio <= MAX_RATIO,
  }
}
