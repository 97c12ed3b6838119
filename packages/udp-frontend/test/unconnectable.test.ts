import { describe, expect, test } from 'vitest'
import {
  announce,
  errorText,
  EVENT,
  INFO_HASH,
  readAnnounceReply,
  scrape,
  type AnnounceFields,
} from './datagrams.ts'
import { TrackerUnderTest, type Source } from './tracker-under-test.ts'

const SEEDER: Source = { address: '9.9.9.9', port: 40_000 }
const CLIENT: Source = { address: '8.8.8.8', port: 40_000 }

// With hooks, announces become objects; without, they stay in flat memory.
const WAYS = [
  ['in flat memory', {}],
  ['that hooks see', { preAnnounce: () => undefined, preScrape: () => undefined }],
] as const

describe.each(WAYS)('a client without a port, in announces %s', (_, hooks) => {
  async function tracker(options: { allowUnconnectable?: boolean }): Promise<TrackerUnderTest> {
    const made = new TrackerUnderTest({ options, hooks })
    await made.send(announce(await made.connect(SEEDER), { left: 0n, port: 7000 }), SEEDER)
    return made
  }

  async function send(
    to: TrackerUnderTest,
    fields: Partial<AnnounceFields>,
  ): Promise<Buffer | undefined> {
    return to.send(announce(await to.connect(CLIENT), { port: 0, ...fields }), CLIENT)
  }

  /** Seeders, downloads and leechers. */
  async function counts(of: TrackerUnderTest): Promise<number[]> {
    const reply = await of.send(scrape(await of.connect(CLIENT), [INFO_HASH]), CLIENT)
    return [8, 12, 16].map((at) => reply?.readUInt32BE(at) ?? -1)
  }

  test('is refused by default', async () => {
    const to = await tracker({})
    for (const event of [EVENT.none, EVENT.started, EVENT.completed, EVENT.paused]) {
      expect(errorText(await send(to, { event }))).toBe('invalid port')
    }
  })

  test.each(['none', 'started', 'completed', 'paused'] as const)(
    'is answered with peers but not stored with allowUnconnectable: %s',
    async (event) => {
      const to = await tracker({ allowUnconnectable: true })
      const reply = readAnnounceReply(await send(to, { event: EVENT[event] }))
      // Seeders and partial seeds are given no seeders.
      const peers = event === 'none' || event === 'started' ? ['9.9.9.9:7000'] : []
      expect(reply).toMatchObject({ seeders: 1, leechers: 0, peers })
      expect(await counts(to)).toEqual([1, 0, 0])
    },
  )

  test.each([false, true])(
    'may leave, and gets no peers (allowUnconnectable: %s)',
    async (allowUnconnectable) => {
      const to = await tracker({ allowUnconnectable })
      const reply = readAnnounceReply(await send(to, { event: EVENT.stopped }))
      expect(reply).toMatchObject({ seeders: 1, leechers: 0, peers: [] })
      expect(await counts(to)).toEqual([1, 0, 0])
    },
  )

  test('creates no swarm', async () => {
    const to = new TrackerUnderTest({ options: { allowUnconnectable: true }, hooks })
    for (const event of [EVENT.started, EVENT.completed, EVENT.stopped]) {
      expect(readAnnounceReply(await send(to, { event }))).toMatchObject({
        seeders: 0,
        leechers: 0,
        peers: [],
      })
    }
    expect(await counts(to)).toEqual([0, 0, 0])
  })
})
