import { parseArgs } from 'node:util'
import { compareRedis } from './base/compare-redis.ts'
import { compareStore } from './base/compare-store.ts'
import { compareUdp } from './base/compare-udp.ts'
import { checkout, type Checkout } from './checkout.ts'
import { benchHooks } from './hooks/bench-hooks.ts'
import { benchMetrics } from './metrics/bench-metrics.ts'
import { benchRedis } from './redis/bench-redis.ts'
import { writeReport } from './report.ts'
import { terminal, type Section } from './section.ts'
import { benchStore } from './store/bench-store.ts'
import { benchUdpEcho } from './udp-echo/bench-udp-echo.ts'
import { benchUdp } from './udp/bench-udp.ts'

const USAGE = `Usage: pnpm bench [NAME …] [--base DIR]

Runs the named benchmarks, or all of them and then writes docs/benchmarks.md. With --base, compares
this tree with the built checkout in DIR instead, in alternating rounds, and writes nothing.`

const BENCHES: Readonly<Record<string, () => Promise<Section[]>>> = {
  udp: benchUdp,
  'udp-echo': benchUdpEcho,
  store: benchStore,
  metrics: benchMetrics,
  hooks: benchHooks,
  redis: benchRedis,
}

const COMPARISONS: Readonly<Record<string, (base: Checkout) => Promise<Section[]>>> = {
  udp: compareUdp,
  store: compareStore,
  redis: compareRedis,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { base: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help === true) console.log(USAGE)
else if (values.base === undefined) await bench()
else await compare(checkout(values.base))

async function bench(): Promise<void> {
  const sections = await run(BENCHES, (each) => each())
  if (positionals.length === 0) writeReport(sections)
}

async function compare(base: Checkout): Promise<void> {
  await run(COMPARISONS, (each) => each(base))
}

/** Runs the named entries, or all, one at a time: they would disturb each other. */
async function run<T>(
  entries: Readonly<Record<string, T>>,
  start: (entry: T) => Promise<Section[]>,
): Promise<Section[]> {
  const names = positionals.length > 0 ? positionals : Object.keys(entries)
  const unknown = names.find((name) => !Object.hasOwn(entries, name))
  if (unknown !== undefined) {
    console.error(`unknown benchmark ${unknown}; known: ${Object.keys(entries).join(', ')}`)
    process.exit(2)
  }
  const sections: Section[] = []
  for (const name of names) {
    const began = performance.now()
    // oxlint-disable-next-line no-await-in-loop
    const results = await start(entries[name] as T)
    for (const section of results) console.log(terminal(section))
    console.log(`${name} took ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
    sections.push(...results)
  }
  return sections
}
