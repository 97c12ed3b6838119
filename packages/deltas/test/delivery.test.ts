import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Courier } from '../src/courier.ts'
import { DeltaQueue, type DeltaQueueOptions } from '../src/delta-queue.ts'
import { NO_CHANGE, type Delta } from '../src/delta.ts'
import { SinkError, type DeltaBatch, type DeltaSink } from '../src/sink.ts'
import { Spool } from '../src/spool/spool.ts'

let folder: string
let messages: string[]
const closing: Array<() => Promise<void>> = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-'))
  messages = []
})

afterEach(async () => {
  // In reverse: what was opened last needs the rest.
  // oxlint-disable-next-line no-await-in-loop
  for (const close of closing.splice(0).toReversed()) await close()
  rmSync(folder, { recursive: true })
})

function note(_details: object, message: string): void {
  messages.push(message)
}

const log = { info: note, warn: note, error: note }

/** A database that knows what it has, as far as it is not told to fail. */
class Ledger implements DeltaSink {
  readonly name = 'ledger'
  readonly durable = true
  readonly batch = 10
  seq = 0
  readonly totals = new Map<number, number>()
  batches = 0
  /** What the next writes throw. */
  failures: unknown[] = []
  rejects: ((delta: Delta) => boolean) | undefined

  async open(): Promise<number | undefined> {
    return this.seq
  }

  async write(batch: DeltaBatch): Promise<void> {
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    if (this.rejects && batch.deltas.some(this.rejects)) {
      throw new SinkError('rejected', 'a value is out of range')
    }
    this.batches++
    this.seq = batch.last
    for (const { user, up } of batch.deltas) {
      this.totals.set(user, (this.totals.get(user) ?? 0) + up)
    }
  }

  async close(): Promise<void> {}
}

async function spoolIn(path: string): Promise<Spool> {
  const spool = await Spool.open({ folder: path, log })
  closing.push(() => spool.close())
  return spool
}

function queueOf(options: Partial<DeltaQueueOptions>): DeltaQueue {
  return new DeltaQueue({
    flushInterval: 5,
    flushRecords: 100,
    capacity: 65_536,
    spoolLimit: 2 ** 30,
    probeInterval: 10,
    log,
    ...options,
  })
}

function deliver(
  sink: DeltaSink,
  queue: DeltaQueue,
  source: Uint8Array = new Uint8Array(16),
): Courier {
  const courier = new Courier({
    sink,
    queue,
    source,
    folder,
    log,
    onDelivered: () => queue.acknowledge(courier.delivered),
  })
  courier.start()
  return courier
}

function uploads(user: number, up: number): Delta {
  return { ...NO_CHANGE, at: 1, user, torrent: 1, peer: new Uint8Array(20).fill(user), up }
}

/** The end, when there is nothing to wait for. */
async function finish(courier: Courier, queue: DeltaQueue): Promise<void> {
  await queue.close()
  await courier.close(performance.now() + 60_000)
}

test('records arrive at a sink in order, in batches, each once', async () => {
  const queue = queueOf({ spool: await spoolIn(folder) })
  const sink = new Ledger()
  const courier = deliver(sink, queue)
  for (let index = 0; index < 1000; index++) queue.push(uploads((index % 3) + 1, index))
  await finish(courier, queue)
  expect(sink.seq).toBe(1000)
  expect(sink.batches).toBeGreaterThanOrEqual(100)
  expect([...sink.totals.values()].reduce((sum, one) => sum + one, 0)).toBe(499_500)
})

test('records that were on disk when a process ended are delivered by the next', async () => {
  const first = await Spool.open({ folder, log })
  const queue = queueOf({ spool: first })
  for (let index = 0; index < 250; index++) queue.push(uploads(1, 1))
  await queue.close()
  await first.close()

  const sink = new Ledger()
  sink.seq = 100
  const again = queueOf({ spool: await spoolIn(folder) })
  const courier = deliver(sink, again)
  again.push(uploads(2, 5))
  await finish(courier, again)
  expect(Object.fromEntries(sink.totals)).toEqual({ 1: 150, 2: 5 })
})

test('what passes by itself is tried again, without a word for every attempt', async () => {
  const queue = queueOf({ spool: await spoolIn(folder) })
  const sink = new Ledger()
  sink.failures = Array.from({ length: 3 }, () => new SinkError('retry', 'the connection is lost'))
  const courier = deliver(sink, queue)
  for (let index = 0; index < 50; index++) queue.push(uploads(1, 1))
  await finish(courier, queue)
  expect(sink.totals.get(1)).toBe(50)
  expect(messages).toEqual(['a sink does not take records', 'a sink takes records again'])
})

test('F-6: a record that a sink rejects is set aside, and the others arrive', async () => {
  const queue = queueOf({ spool: await spoolIn(folder) })
  const sink = new Ledger()
  sink.rejects = ({ up }) => up === 7
  const courier = deliver(sink, queue)
  for (let index = 0; index < 20; index++) queue.push(uploads(1, index))
  await finish(courier, queue)
  expect(sink.totals.get(1)).toBe(190 - 7)
  expect(courier.rejected).toBe(1)
  const rejected = readFileSync(join(folder, 'rejected.ndjson'), 'utf8').trim().split('\n')
  expect(rejected).toHaveLength(1)
  expect(JSON.parse(rejected[0] ?? '')).toMatchObject({
    sink: 'ledger',
    error: 'a value is out of range',
  })
})

test('a sink that does not know its place goes on where it was', async () => {
  class Stream extends Ledger {
    override async open(): Promise<undefined> {}
  }
  const spool = await spoolIn(folder)
  const queue = queueOf({ spool })
  const first = deliver(new Stream(), queue, spool.source)
  queue.push(uploads(1, 1))
  await vi.waitFor(() => expect(first.delivered).toBe(1))
  await first.close(performance.now())

  const sink = new Stream()
  const second = deliver(sink, queue, spool.source)
  queue.push(uploads(1, 20))
  await finish(second, queue)
  expect(sink.totals.get(1)).toBe(20)
})

test('D-12: records are merged while the spool has no room, and no sum is lost', async () => {
  // A spool with room for a few frames, until the sink has taken them.
  const spool = await Spool.open({ folder, log, segmentBytes: 1000 })
  closing.push(() => spool.close())
  const queue = queueOf({ spool, spoolLimit: 10_000 })
  const sink = new Ledger()
  sink.failures = Array.from({ length: 4 }, () => new SinkError('retry', 'away'))
  const pushed = new Map<number, number>()
  for (let index = 0; index < 5000; index++) {
    const user = (index % 4) + 1
    queue.push(uploads(user, index))
    pushed.set(user, (pushed.get(user) ?? 0) + index)
    // oxlint-disable-next-line no-await-in-loop
    if (index % 100 === 0) await new Promise(setImmediate)
  }
  const courier = deliver(sink, queue)
  await vi.waitFor(() => expect(queue.state).toBe('spooling'), { timeout: 60_000 })
  await finish(courier, queue)
  expect(sink.totals).toEqual(pushed)
  expect(messages).toContain('records are merged in memory')
})

test('without a spool records wait in memory, merged when there are too many', async () => {
  const queue = queueOf({ capacity: 400, flushRecords: 10 })
  const sink = new Ledger()
  sink.failures = Array.from({ length: 3 }, () => new SinkError('retry', 'away'))
  const courier = deliver(sink, queue)
  for (let index = 0; index < 10_000; index++) queue.push(uploads((index % 4) + 1, 1))
  expect(queue.state).toBe('merging')
  expect(queue.pending).toBeLessThanOrEqual(400)
  await vi.waitFor(() => expect(queue.state).toBe('spooling'), { timeout: 60_000 })
  queue.push(uploads(9, 1))
  await finish(courier, queue)
  expect([...sink.totals.values()].reduce((sum, one) => sum + one, 0)).toBe(10_001)
})
