import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { barChart } from './chart.ts'
import { markdown, type Section } from './section.ts'
import { benchHooks } from './hooks/bench-hooks.ts'
import { benchMetrics } from './metrics/bench-metrics.ts'
import { benchRedis } from './redis/bench-redis.ts'
import { benchStore } from './store/bench-store.ts'
import { benchUdpEcho } from './udp-echo/bench-udp-echo.ts'
import { benchUdp } from './udp/bench-udp.ts'

/**
 * `pnpm bench [name …]`: runs the benchmarks named, or all of them, and then writes
 * `docs/benchmarks.md`.
 */
const BENCHES: Readonly<Record<string, () => Promise<Section[]>>> = {
  udp: benchUdp,
  'udp-echo': benchUdpEcho,
  store: benchStore,
  metrics: benchMetrics,
  hooks: benchHooks,
  redis: benchRedis,
}

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url))

const asked = process.argv.slice(2)
const sections: Section[] = []
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name]
  if (!bench) {
    console.error(`there is no benchmark ${name}, only ${Object.keys(BENCHES).join(', ')}`)
    process.exit(2)
  }
  // One at a time: they would disturb each other.
  // oxlint-disable-next-line no-await-in-loop
  for (const section of await bench()) {
    console.log(markdown(section))
    sections.push(section)
  }
}
if (asked.length === 0) writeReport()

function writeReport(): void {
  const charts = sections.flatMap(({ chart }) => (chart ? [chart] : []))
  const [chart] = charts
  if (chart) writeFileSync(`${DOCS}benchmarks.svg`, barChart(chart.title, chart.bars))
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`
  const intro = [
    '# Benchmarks',
    '',
    'Written by `pnpm bench`. A contender runs on one core and its load on another; all take turns in one run, and a ratio is the median',
    'of the ratios of each round, so that a machine that slows down slows both sides. Absolute figures are of this machine:',
    `${machine}.`,
    '',
    ...(chart ? [`![${chart.title}](benchmarks.svg)`, ''] : []),
  ]
  writeFileSync(`${DOCS}benchmarks.md`, `${intro.join('\n')}\n${sections.map(markdown).join('\n')}`)
}
