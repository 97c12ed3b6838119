import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerStore } from '@chihaya/core'
import { CoarseClock, ExpiryTimer, MemoryPeerStore } from '@chihaya/storage-memory'
import { chosenInfoHashes, type Choice } from './chosen-info-hashes.ts'
import { checkAnswer } from './check-answer.ts'
import { MapPeerStore } from './map-peer-store.ts'
import { Workload } from './workload.ts'

/** A process for one measurement, so that none is affected by memory of another: `measure.ts NAME …`. */

const NUM_WANT = 50
const LIFETIME = 60_000
const IDLE = 5000
const CHOSEN = 100_000

function createStore(kind: string, options: object = {}): PeerStore {
  if (kind === 'map') return new MapPeerStore()
  const clock = new CoarseClock()
  clock.start()
  return new MemoryPeerStore({ maxPeersPerSwarm: 20_000_000, ...options }, clock.now)
}

function fill(store: PeerStore, workload: Workload): void {
  for (let number = 0; number < workload.size; number++) workload.announce(store, number, 0)
}

function residentSetSize(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

/** Bytes of resident memory per peer, for swarms of `peers` peers. */
function measureMemory(swarms: number, peers: number, storePeerIds: boolean): number {
  const workload = new Workload(swarms, peers)
  // Lets the JavaScript heap and the compiler grow before the first reading.
  fill(createStore('memory', { storePeerIds }), new Workload(100, 200))
  const store = createStore('memory', { storePeerIds })
  const before = residentSetSize()
  fill(store, workload)
  return (residentSetSize() - before) / workload.size
}

/** Announces of known peers per CPU-second, in random order, to the store `memory` or `map`. */
function measureSpeed(kind: string, swarms: number, peers: number): number {
  const store = createStore(kind)
  const workload = new Workload(swarms, peers)
  fill(store, workload)
  for (let sample = 0; sample < 1000; sample++) {
    const number = Math.floor(Math.random() * workload.size)
    checkAnswer(workload, number, NUM_WANT, workload.announce(store, number, NUM_WANT))
  }
  // The store of maps takes ten times as long.
  const order = new Uint32Array(kind === 'map' ? 50_000 : 500_000)
  for (let index = 0; index < order.length; index++) order[index] = Math.random() * workload.size
  let best = 0
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (const number of order) workload.announce(store, number, NUM_WANT)
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, (order.length / (user + system)) * 1_000_000)
  }
  return best
}

/** Nanoseconds of CPU time per announce, half of which create swarms, by choice of infohashes. */
function measureChosen(choice: Choice): number {
  const infoHashes = chosenInfoHashes(choice, CHOSEN)
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const store = createStore('memory')
    const workload = new Workload(CHOSEN, 1, infoHashes)
    const before = process.cpuUsage()
    for (let twice = 0; twice < 2; twice++) fill(store, workload)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, ((user + system) / (2 * CHOSEN)) * 1000)
  }
  return best
}

/**
 * Nanoseconds of CPU time for an announce that creates a swarm, and for one that finds a swarm of one
 * peer.
 */
function measureCreation(swarms: number): [create: number, find: number] {
  const workload = new Workload(swarms, 1)
  const best: [number, number] = [Infinity, Infinity]
  for (let round = 0; round < 10; round++) {
    const store = createStore('memory')
    globalThis.gc?.()
    for (const phase of [0, 1] as const) {
      const before = process.cpuUsage()
      for (let number = 0; number < workload.size; number++)
        workload.announce(store, number, NUM_WANT)
      const { user, system } = process.cpuUsage(before)
      best[phase] = Math.min(best[phase], ((user + system) / swarms) * 1000)
    }
  }
  return best
}

/**
 * Milliseconds of the longest pause of the event loop while `swarms` swarms of `peers` peers expire,
 * and before that while idle, which shows the noise of the machine.
 */
async function measureExpiry(
  swarms: number,
  peers: number,
): Promise<[pause: number, idle: number]> {
  let time = 0
  const store = new MemoryPeerStore(
    { peerLifetime: LIFETIME, maxPeersPerSwarm: 20_000_000 },
    () => time,
  )
  fill(store, new Workload(swarms, peers))
  time += LIFETIME + 5000
  globalThis.gc?.()
  await sleep(100)
  const idle = await longestPause(() => sleep(IDLE))
  const timer = new ExpiryTimer(store, 1)
  const pause = await longestPause(async () => {
    timer.start()
    while (store.stats().swarms > 0) await sleep(20)
  })
  timer.stop()
  return [pause, idle]
}

async function longestPause(during: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await during()
  delay.disable()
  // The histogram has the intervals of a timer that fires every millisecond.
  return delay.max / 1e6 - 1
}

const [name, ...args] = process.argv.slice(2)
const numbers = args.map(Number)
if (name === 'memory')
  console.log(measureMemory(numbers[0] ?? 0, numbers[1] ?? 0, args[2] === 'ids'))
else if (name === 'speed')
  console.log(measureSpeed(args[0] ?? '', numbers[1] ?? 0, numbers[2] ?? 0))
else if (name === 'creation') console.log(measureCreation(numbers[0] ?? 0).join(' '))
else if (name === 'chosen') console.log(measureChosen(args[0] as Choice))
else if (name === 'expiry')
  console.log((await measureExpiry(numbers[0] ?? 0, numbers[1] ?? 0)).join(' '))
else throw new Error(`unknown measurement ${name}`)
process.exit(0)
