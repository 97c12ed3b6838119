import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'

const MEASURE = fileURLToPath(new URL('measure.ts', import.meta.url))
const ROUNDS = 5
const MOST_CHOSEN = 1.5

async function measureAll(...args: Array<string | number>): Promise<number[]> {
  const flags = ['--expose-gc', '--conditions=@chihaya/source', MEASURE]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args.map(String)])
  return stdout.split(' ').map(Number)
}

async function measure(...args: Array<string | number>): Promise<number> {
  const [figure = Number.NaN] = await measureAll(...args)
  return figure
}

/**
 * Measures the memory store: bytes, announces per CPU-second beside the store of maps, and pauses.
 */
export async function benchStore(): Promise<Section[]> {
  const rows = [
    ...(await memoryRows()),
    ...(await speedRows()),
    await creationRow(),
    ...(await chosenRows()),
    await expiryRow(),
  ]
  const text =
    'Bytes are of resident memory. Announces are of peers that the store knows, in random order, a thousand answers checked ' +
    'beforehand; they are counted per second of CPU time. The store of maps beside it is a `Map` of swarms, each a `Map` of peers.'
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
      'a peer, peer ids kept (20,000 swarms of 100)',
      await measure('memory', 20_000, 100, 'ids'),
      48,
    ),
    atMost(
      'a peer, peer ids not kept (20,000 swarms of 100)',
      await measure('memory', 20_000, 100, 'none'),
      24,
    ),
    atMost(
      'a swarm of one peer, all in (1,000,000 swarms)',
      await measure('memory', 1_000_000, 1, 'ids'),
      140,
    ),
  ]
}

/** The contenders in turn, round after round, so that a machine that slows down slows them all. */
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
  const perSecond = (number: number): string => `${(number / 1e6).toFixed(2)} M/s`
  const toMaps = ratio(many, maps)
  const toMany = ratio(one, many)
  return [
    {
      what: 'announces, 10,000 swarms of 100, numwant 50',
      measured: perSecond(median(many)),
      target: '≥ 1.00 M/s',
      met: median(many) >= 1e6,
    },
    {
      what: `the same beside maps (${perSecond(median(maps))})`,
      measured: `${toMaps.toFixed(2)} ×`,
      target: '≥ 5 ×',
      met: toMaps >= 5,
    },
    {
      what: `in one swarm of 1,000,000 (${perSecond(median(one))})`,
      measured: `${(toMany * 100).toFixed(0)} %`,
      target: '≥ 80 %',
      met: toMany >= 0.8,
    },
  ]
}

async function creationRow(): Promise<Row> {
  const creates: number[] = []
  const finds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [create = 0, find = 0] = await measureAll('creation', 100_000)
    creates.push(create)
    finds.push(find)
  }
  return {
    what: `an announce that creates a swarm (one that finds it: ${median(finds).toFixed(0)} ns)`,
    measured: `${median(creates).toFixed(0)} ns`,
    target: '≤ 2000 ns',
    met: median(creates) <= 2000,
  }
}

/** Somebody who chooses infohashes must not make them slower than others. */
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
      `100,000 infohashes that share 16 bytes, beside random ones (${median(random).toFixed(0)} ns)`,
      prefix,
    ),
    row('100,000 infohashes that share their CRC-32, beside random ones', crc),
  ]
}

async function expiryRow(): Promise<Row> {
  const pauses: number[] = []
  const idles: number[] = []
  for (let round = 0; round < 3; round++) {
    const [pause = 0, idle = 0] = await measureAll('expiry', 100_000, 100)
    pauses.push(pause)
    idles.push(idle)
  }
  const pause = median(pauses)
  return {
    what: `longest pause while 10,000,000 peers expire (${median(idles).toFixed(2)} ms with nothing to do)`,
    measured: `${pause.toFixed(2)} ms`,
    target: '≤ 2 ms (5 on a noisy machine)',
    met: pause <= 5,
  }
}
