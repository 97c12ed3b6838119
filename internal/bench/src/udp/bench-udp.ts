import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import { behaviour } from './behaviour.ts'
import { BATCH, CONTENDERS, DGRAM, type Contender } from './contenders.ts'
import { readUdp, type Reading } from './reading.ts'
import type { Spread } from './requests.ts'

const ROUNDS = 5

const DESCRIBED: Readonly<Record<Spread, string>> = {
  popular: 'popularity of the k-th torrent 1/k',
  even: 'ten peers per torrent',
}

/** Compares responses per CPU-second with other trackers, in alternating rounds. */
export async function benchUdp(): Promise<Section[]> {
  const present = CONTENDERS.filter(({ name, missing }) => {
    if (missing !== undefined) console.log(`${name} is left out: ${missing}`)
    return missing === undefined
  })
  return [await compare(present, 'popular'), await compare(present, 'even'), await behaviour()]
}

async function compare(present: readonly Contender[], spread: Spread): Promise<Section> {
  const readings = new Map<string, Reading[]>(present.map(({ name }) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of present)
      readings.get(contender.name)?.push(await readUdp(contender, spread))
  }
  const title = 'UDP responses per CPU-second'
  const bars = [...readings].map(([label, list]) => ({
    label,
    value: median(list.map((reading) => reading.perCpuSecond)),
  }))
  const mix = '10 % connect requests, 5 % scrapes of 10 torrents, 85 % announces with `numwant` 50'
  return {
    title: `UDP, 10,000 torrents, 100,000 peers, ${DESCRIBED[spread]}`,
    text: `${mix}; medians of ${ROUNDS} rounds.\n\n${summary(readings)}`,
    rows: ratios(readings),
    ...(spread === 'popular' && { chart: { title, bars } }),
  }
}

function summary(readings: Map<string, Reading[]>): string {
  const lines = [
    '| tracker | responses per CPU-second | responses per second | µs in user space | µs in the kernel |',
    '|---|---|---|---|---|',
  ]
  for (const [name, list] of readings) {
    const of = (key: keyof Reading): number => median(list.map((reading) => reading[key]))
    const cells = [
      of('perCpuSecond').toFixed(0),
      of('perSecond').toFixed(0),
      of('user').toFixed(2),
      of('system').toFixed(2),
    ]
    lines.push(`| ${[name, ...cells].join(' | ')} |`)
  }
  return lines.join('\n')
}

function ratios(readings: Map<string, Reading[]>): Row[] {
  const pairs: Array<[one: string, other: string, target: number]> = [
    [BATCH, 'opentracker', 2],
    [BATCH, DGRAM, 2.5],
    [DGRAM, 'opentracker', 0.55],
    [BATCH, 'bittorrent-tracker', 20],
  ]
  return pairs.flatMap(([one, other, target]) => {
    const ones = readings.get(one)
    const others = readings.get(other)
    if (!ones || !others) return []
    const ratio = median(
      ones.map(
        (reading, round) => reading.perCpuSecond / (others[round]?.perCpuSecond ?? Number.NaN),
      ),
    )
    return [
      {
        what: `${one} relative to ${other}`,
        measured: `${ratio.toFixed(2)} ×`,
        target: `≥ ${target} ×`,
        met: ratio >= target,
      },
    ]
  })
}
