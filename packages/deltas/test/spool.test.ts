import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Spool } from '../src/spool/spool.ts'

let folder: string
let warnings: string[]
const opened: Spool[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'))
  warnings = []
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((spool) => spool.close()))
  rmSync(folder, { recursive: true })
})

async function open(segmentBytes?: number): Promise<Spool> {
  const log = { warn: (_details: object, message: string) => void warnings.push(message) }
  const spool = await Spool.open({ folder, log, ...(segmentBytes && { segmentBytes }) })
  opened.push(spool)
  return spool
}

async function close(spool: Spool): Promise<void> {
  opened.splice(opened.indexOf(spool), 1)
  await spool.close()
}

/** Bodies and numbers of the frames from a record on. */
async function read(spool: Spool, from = 1): Promise<string[]> {
  const frames: string[] = []
  for await (const { first, count, body } of spool.read(from)) {
    frames.push(`${first}+${count} ${body.toString()}`)
  }
  return frames
}

function segments(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
}

test('records are read in order, by another process too', async () => {
  const first = await open()
  await first.append(Buffer.from('one'), 1)
  await first.append(Buffer.from('two and three'), 2)
  expect(await read(first)).toEqual(['1+1 one', '2+2 two and three'])
  const source = first.source.toString('hex')
  await close(first)

  const second = await open()
  expect(second.source.toString('hex')).toBe(source)
  expect(second.next).toBe(4)
  await second.append(Buffer.from('four'), 1)
  expect(await read(second, 3)).toEqual(['2+2 two and three', '4+1 four'])
})

test('segments that no sink needs are deleted', async () => {
  const spool = await open(30)
  for (const text of ['one', 'two', 'three']) {
    // oxlint-disable-next-line no-await-in-loop
    await spool.append(Buffer.from(text), 1)
  }
  expect(segments()).toHaveLength(3)
  await spool.release(2)
  expect(segments()).toHaveLength(2)
  expect(spool.first).toBe(2)
  await spool.release(4)
  // The last segment says with which number to go on.
  expect(segments()).toHaveLength(1)
  await close(spool)
  expect((await open()).next).toBe(4)
})

test('F-10: a frame that was written in part is cut, and its number given again', async () => {
  const spool = await open()
  await spool.append(Buffer.from('one'), 1)
  await spool.append(Buffer.from('torn'), 1)
  await close(spool)
  const [name] = segments() as [string]
  const file = join(folder, name)
  for (const cut of [1, 10, 22]) {
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.subarray(0, bytes.length - cut))
    // oxlint-disable-next-line no-await-in-loop
    const again = await open()
    // oxlint-disable-next-line no-await-in-loop
    expect(await read(again)).toEqual(['1+1 one'])
    // oxlint-disable-next-line no-await-in-loop
    await again.append(Buffer.from('torn'), 1)
    // oxlint-disable-next-line no-await-in-loop
    expect(await read(again)).toEqual(['1+1 one', '2+1 torn'])
    // oxlint-disable-next-line no-await-in-loop
    await close(again)
  }
  expect(warnings).toHaveLength(3)
})

test('F-10: a byte that has changed in an older segment costs what follows it there', async () => {
  const spool = await open(60)
  for (const text of ['one', 'two', 'three', 'four']) {
    // oxlint-disable-next-line no-await-in-loop
    await spool.append(Buffer.from(text), 1)
  }
  const [name] = segments() as [string]
  const bytes = readFileSync(join(folder, name))
  bytes.writeUInt8(bytes.readUInt8(50) ^ 1, 50)
  writeFileSync(join(folder, name), bytes)
  expect(await read(spool)).toEqual(['1+1 one', '3+1 three', '4+1 four'])
  expect(warnings).toEqual(['the spool skips a damaged record'])
})

test('F-11: a folder that is gone means a new source', async () => {
  const spool = await open()
  const source = spool.source.toString('hex')
  await spool.append(Buffer.from('one'), 1)
  await close(spool)
  rmSync(folder, { recursive: true })
  const anew = await open()
  expect(anew.source.toString('hex')).not.toBe(source)
  expect(anew.next).toBe(1)
})

test('F-16: a second user of a folder is refused, and told of the first', async () => {
  const spool = await open()
  await expect(open()).rejects.toThrow(`${folder} is in use by process ${process.pid}`)
  await close(spool)
  await open()
})

test('a folder whose user has died is taken over', async () => {
  await close(await open())
  writeFileSync(join(folder, 'lock'), '')
  // A file, where a socket that nobody listens at would be: connecting to it is refused alike.
  await open()
})

test('a spool that is restarted keeps the old records aside', async () => {
  const spool = await open()
  await spool.append(Buffer.from('one'), 1)
  const source = spool.source.toString('hex')
  await spool.restart()
  expect(spool.next).toBe(1)
  expect(await read(spool)).toEqual([])
  await spool.append(Buffer.from('anew'), 1)
  expect(await read(spool)).toEqual(['1+1 anew'])
  expect(statSync(join(folder, `set-aside-${source}`, 'deltas-0000000000000001.log')).size).toBe(47)
})

test('nobody else may read the folder', async () => {
  rmSync(folder, { recursive: true })
  const spool = await open()
  await spool.append(Buffer.from('one'), 1)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, segments()[0] ?? '')).mode & 0o777).toBe(0o600)
})
