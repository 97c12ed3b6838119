import type { AnnounceEvent } from '@chihaya/bittorrent'
import type { Announce, CoreOptions, TrackerHooks } from '@chihaya/core'
import { address, announceTo, sampleAnnounce, type AnnounceChanges } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { setUpTracker, storeWith } from './setup.ts'

/** What the store receives an announce, and how many peers it is asked for. */
interface Told {
  readonly announce: Announce
  readonly want: number
}

async function told(
  changes: AnnounceChanges,
  options: CoreOptions = {},
  hook?: TrackerHooks['preAnnounce'],
): Promise<Told> {
  let found: Told | undefined
  const store = storeWith({ announce: (announce, { want }) => void (found = { announce, want }) })
  const { tracker } = setUpTracker(options, store)
  if (hook) tracker.addHook('preAnnounce', hook)
  await announceTo(tracker, sampleAnnounce(changes))
  if (!found) throw new Error('the store was not asked')
  return found
}

const SEEDING = { left: 0n, seeding: true } as const

describe('the store receives an announce', () => {
  test('with all it needs', async () => {
    expect(await told({})).toEqual({ announce: sampleAnnounce(), want: 50 })
    const changes = {
      address: address('2001:db8::1'),
      port: 65_535,
      numWant: 7,
      wantsPeerIds: true,
      otherAddress: address('9.9.9.9'),
    }
    expect(await told(changes)).toEqual({ announce: sampleAnnounce(changes), want: 7 })
  })

  test('without a second address that is private, where these are rejected', async () => {
    const [one, other] = [address('2606:4700::1111'), address('10.0.0.1')]
    const changes = { address: one, otherAddress: other }
    expect((await told(changes)).announce.otherAddress).toEqual(other)
    expect((await told(changes, { rejectPrivatePeers: true })).announce).toMatchObject({
      address: one,
      otherAddress: undefined,
    })
    const leaving = await told({ ...changes, event: 'stopped' }, { rejectPrivatePeers: true })
    expect(leaving.announce.otherAddress).toEqual(other)
    const publicOther = { address: one, otherAddress: address('9.9.9.9') }
    expect((await told(publicOther, { rejectPrivatePeers: true })).announce).toMatchObject(
      publicOther,
    )
  })

  test.each<[transition: string, event: AnnounceEvent, seeding: boolean, leechersOnly: boolean]>([
    ['leecher', 'none', false, false],
    ['leecher', 'started', false, false],
    ['partial', 'paused', false, true],
    ['completed', 'completed', false, true],
    ['seeder', 'none', true, true],
    ['seeder', 'started', true, true],
    ['seeder', 'paused', true, true],
    ['completed', 'completed', true, true],
    ['stopped', 'stopped', false, false],
    ['stopped', 'stopped', true, true],
  ])(
    'as %s: event %s, seeding %s; wants only leechers: %s',
    async (transition, event, seeding, leechersOnly) => {
      const changes = seeding ? { event, ...SEEDING } : { event }
      expect(await told(changes)).toMatchObject({
        announce: { transition, leechersOnly },
        want: event === 'stopped' ? 0 : 50,
      })
      expect(await told(changes, { seedersReceive: 'all' })).toMatchObject({
        announce: { transition, leechersOnly: false },
      })
    },
  )

  test('as that of a leecher if `left` is missing', async () => {
    expect(await told({ left: undefined })).toMatchObject({
      announce: { transition: 'leecher', leechersOnly: false },
    })
  })

  test('as one that changes nothing if its port is 0, regardless of its event', async () => {
    expect(await told({ port: 0 })).toMatchObject({
      announce: { transition: 'unchanged', leechersOnly: false },
      want: 50,
    })
    expect(await told({ port: 0, ...SEEDING })).toMatchObject({
      announce: { transition: 'unchanged', leechersOnly: true },
    })
    expect(await told({ port: 0, event: 'paused' })).toMatchObject({
      announce: { transition: 'unchanged', leechersOnly: true },
    })
    expect(await told({ port: 0, event: 'completed' })).toMatchObject({
      announce: { transition: 'unchanged', leechersOnly: true },
    })
    expect(await told({ port: 0, event: 'stopped' })).toMatchObject({
      announce: { transition: 'unchanged' },
      want: 0,
    })
  })

  test('without a wish for peers if a hook answers', async () => {
    const skip: TrackerHooks['preAnnounce'] = (_announce, _answer, context) =>
      void (context.skipResponse = true)
    expect(await told({}, {}, skip)).toMatchObject({ announce: { transition: 'leecher' }, want: 0 })
  })

  test.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['10.0.0.1', false],
    ['127.0.0.1', false],
    ['fd00::1', false],
  ])('as %s, which may be given public peers only: %s', async (text, publicOnly) => {
    expect(await told({ address: address(text) })).toMatchObject({ announce: { publicOnly } })
    expect(await told({ address: address(text) }, { withholdPrivatePeers: false })).toMatchObject({
      announce: { publicOnly: false },
    })
  })
})
