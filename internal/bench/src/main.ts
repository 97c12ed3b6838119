import { benchStore } from './store/bench-store.ts'

/** `pnpm bench [name …]`: runs the benchmarks named, or all of them. Each is a function that prints its own table. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = { store: benchStore }

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHES)
for (const name of names) {
  const bench = BENCHES[name]
  if (!bench) {
    console.error(`there is no benchmark ${name}, only ${Object.keys(BENCHES).join(', ')}`)
    process.exit(2)
  }
  // One at a time: they would disturb each other.
  // oxlint-disable-next-line no-await-in-loop
  await bench()
}
