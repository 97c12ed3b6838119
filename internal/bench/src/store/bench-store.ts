import { THIS_TREE } from '../checkout.ts'
import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { measureStore } from './measurement.ts'

const ROUNDS = 5
const MOST_CHOSEN = 1.5

async function measure(...args: Array<string | number>): Promise<number> {
  const [figure = Number.NaN] = await measureStore(THIS_TREE, ...args)
  return figure
}

/** Measures the memory store: its memory, its speed relative to a store of maps, and its pauses. */
export async function benchStore(): Promise<Section[]> {
  const rows = [
    ...(await memoryRows()),
    ...(await speedRows()),
    await creationRow(),
    ...(await chosenRows()),
    await expiryRow(),
  ]
  const text =
    'Memory is resident memory. Known peers announce in random order, with `numwant` 50; a thousand ' +
    'answers are verified first. The store of maps, for comparison, is a `Map` of swarms, each a ' +
    '`Map` of peers. An attacker may choose infohashes, so some rows compare chosen ones with ' +
    'random ones.'
  return [{ title: 'The memory store', text, rows }]
}

async function memoryRows(): Promise<Row[]> {
  const atMost = (what: string, bytes: number, target: number): Row => ({
    what,
    measured: `${bytes.toFixed(1)} bytes`,
    target: `≤ ${target}`,
    met: bytes <= target,
  })
  return [
    atMost(
      'memory of a peer, with peer ids (20,000 swarms of 100)',
      await measure('memory', 20_000, 100, 'ids'),
      48,
    ),
    atMost(
      'memory of a peer, without peer ids (20,000 swarms of 100)',
      await measure('memory', 20_000, 100, 'none'),
      24,
    ),
    atMost(
      'memory of a swarm with one peer (1,000,000 swarms)',
      await measure('memory', 1_000_000, 1, 'ids'),
      140,
    ),
  ]
}

/** In alternating rounds, so that a change in the machine's speed affects all. */
async function speedRows(): Promise<Row[]> {
  const many: number[] = []
  const one: number[] = []
  const maps: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    many.push(await measure('speed', 'memory', 10_000, 100))
    maps.push(await measure('speed', 'map', 10_000, 100))
    one.push(await measure('speed', 'memory', 1, 1_000_000))
  }
  const ratio = (numbers: number[], beside: number[]): number =>
    median(numbers.map((number, round) => number / (beside[round] ?? 0)))
  const perSecond = (number: number): string => `${(number / 1e6).toFixed(2)} million`
  const toMaps = ratio(many, maps)
  const toMany = ratio(one, many)
  return [
    {
      what: 'announces per CPU-second, 10,000 swarms of 100 peers',
      measured: perSecond(median(many)),
      target: '≥ 1.00 million',
      met: median(many) >= 1e6,
    },
    {
      what: `the same, relative to the store of maps (${perSecond(median(maps))})`,
      measured: `${toMaps.toFixed(2)} ×`,
      target: '≥ 5 ×',
      met: toMaps >= 5,
    },
    {
      what: `one swarm of 1,000,000 peers (${perSecond(median(one))}), relative to 10,000 swarms`,
      measured: `${toMany.toFixed(2)} ×`,
      target: '≥ 0.8 ×',
      met: toMany >= 0.8,
    },
  ]
}

async function creationRow(): Promise<Row> {
  const creates: number[] = []
  const finds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [create = 0, find = 0] = await measureStore(THIS_TREE, 'creation', 100_000)
    creates.push(create)
    finds.push(find)
  }
  return {
    what: `CPU time of an announce that creates a swarm (to a known swarm: ${median(finds).toFixed(0)} ns)`,
    measured: `${median(creates).toFixed(0)} ns`,
    target: '≤ 2000 ns',
    met: median(creates) <= 2000,
  }
}

/** Infohashes chosen by an attacker must not be slower than random ones. */
async function chosenRows(): Promise<Row[]> {
  const random: number[] = []
  const prefix: number[] = []
  const crc: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    random.push(await measure('chosen', 'random'))
    prefix.push(await measure('chosen', 'prefix'))
    crc.push(await measure('chosen', 'crc32'))
  }
  const row = (what: string, numbers: number[]): Row => {
    const ratio = median(numbers.map((number, round) => number / (random[round] ?? 0)))
    return {
      what,
      measured: `${ratio.toFixed(2)} ×`,
      target: `≤ ${MOST_CHOSEN} ×`,
      met: ratio <= MOST_CHOSEN,
    }
  }
  return [
    row(
      `announces to 100,000 infohashes that share 16 bytes, relative to random ones (${median(random).toFixed(0)} ns)`,
      prefix,
    ),
    row('announces to 100,000 infohashes of equal CRC-32, relative to random ones', crc),
  ]
}

async function expiryRow(): Promise<Row> {
  const pauses: number[] = []
  const idles: number[] = []
  for (let round = 0; round < 3; round++) {
    const [pause = 0, idle = 0] = await measureStore(THIS_TREE, 'expiry', 100_000, 100)
    pauses.push(pause)
    idles.push(idle)
  }
  const pause = median(pauses)
  return {
    what: `longest pause of the event loop while 10,000,000 peers expire (${median(idles).toFixed(2)} ms when idle)`,
    measured: `${pause.toFixed(2)} ms`,
    target: '≤ 2 ms (5 on a noisy machine)',
    met: pause <= 5,
  }
}
