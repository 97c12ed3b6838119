import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../median.ts'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'
import type { Contender, Measurements } from './measure.ts'

const MEASURE = fileURLToPath(new URL('measure.ts', import.meta.url))
const PROCESSES = 3
/** Rounds to skip while the compiler is still optimizing. */
const WARM_UP = 10
/** Nanoseconds of CPU time for a UDP response, mostly in the kernel. */
const UDP_RESPONSE = 5000
const MOST = 0.03

/** Measures the cost of counting and timing requests. */
export async function benchMetrics(): Promise<Section[]> {
  const text =
    'CPU time that counting requests, and counting and timing them, adds to an announce: medians ' +
    'of the differences of alternating rounds in one process. UDP: datagrams in memory, in batches ' +
    `of 64, relative to the ${UDP_RESPONSE / 1000} µs of a response with its sockets. HTTP: ` +
    "`inject()`, without Node's parser and sockets."
  return [{ title: 'Metrics', text, rows: [...(await udpRows()), ...(await httpRows())] }]
}

async function measure(kind: 'udp' | 'http'): Promise<Measurements> {
  const sums: Measurements = { plain: [], counted: [], timed: [] }
  for (let process = 0; process < PROCESSES; process++) {
    // One at a time: they would disturb each other.
    // oxlint-disable-next-line no-await-in-loop
    const found = await measureOnce(kind)
    for (const contender of ['plain', 'counted', 'timed'] as const)
      sums[contender].push(...found[contender].slice(WARM_UP))
  }
  return sums
}

async function measureOnce(kind: 'udp' | 'http'): Promise<Measurements> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@chihaya/source',
    MEASURE,
    kind,
  ])
  return JSON.parse(stdout) as Measurements
}

/** Nanoseconds that a contender adds. */
function added(measurements: Measurements, contender: Contender): number {
  return median(
    measurements[contender].map((time, round) => time - (measurements.plain[round] ?? Number.NaN)),
  )
}

async function udpRows(): Promise<Row[]> {
  const measurements = await measure('udp')
  const alone = median(measurements.plain)
  return (['counted', 'timed'] as const).map((contender) => {
    const more = added(measurements, contender)
    return row(
      `UDP announce, ${contender} (${alone.toFixed(0)} ns without)`,
      more,
      more / UDP_RESPONSE,
    )
  })
}

async function httpRows(): Promise<Row[]> {
  const measurements = await measure('http')
  const alone = median(measurements.plain)
  return (['counted', 'timed'] as const).map((contender) => {
    const more = added(measurements, contender)
    return row(
      `HTTP announce, ${contender} (${(alone / 1000).toFixed(1)} µs without)`,
      more,
      more / alone,
    )
  })
}

function row(what: string, nanoseconds: number, share: number): Row {
  return {
    what,
    measured: `${nanoseconds >= 0 ? '+' : ''}${nanoseconds.toFixed(0)} ns, ${(share * 100).toFixed(1)} %`,
    target: `≤ ${MOST * 100} %`,
    met: share <= MOST,
  }
}
