import type { AnnounceRequest } from '@chihaya/bittorrent'
import type { CoreOptions, SwarmAnnounce, SwarmView } from '@chihaya/core'
import { address, sampleAnnounce, sampleRequest } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { modelStore, setUpTracker, storeWith } from './setup.ts'

/** What the store is told of an announce. */
async function told(changes: Partial<AnnounceRequest>, options: CoreOptions = {}): Promise<SwarmAnnounce | undefined> {
  const store = modelStore()
  let announced: SwarmAnnounce | undefined
  const announce = (given: SwarmAnnounce): SwarmView => store.announce((announced = given))
  const { tracker } = setUpTracker(options, storeWith({ announce }))
  await tracker.announce(sampleRequest(changes))
  return announced
}

const SEEDING = { left: 0n, seeding: true } as const

describe('the store is told of an announce', () => {
  test('all it needs', async () => {
    expect(await told({})).toEqual(sampleAnnounce())
    const changes = {
      address: address('2001:db8::1'),
      port: 65_535,
      numWant: 7,
      wantsPeerIds: true,
      otherAddress: address('9.9.9.9'),
    }
    expect(await told(changes)).toEqual(sampleAnnounce(changes))
  })

  test('without a second address that is private, where these are rejected', async () => {
    const [one, other] = [address('2606:4700::1111'), address('10.0.0.1')]
    const changes = { address: one, otherAddress: other }
    expect((await told(changes))?.otherAddress).toEqual(other)
    expect(await told(changes, { rejectPrivatePeers: true })).toMatchObject({ address: one, otherAddress: undefined })
    const publicOther = { address: one, otherAddress: address('9.9.9.9') }
    expect(await told(publicOther, { rejectPrivatePeers: true })).toMatchObject(publicOther)
    // It leaves with both, whatever it was that let the second in.
    expect(await told({ ...changes, event: 'stopped' }, { rejectPrivatePeers: true })).toMatchObject(changes)
  })

  test.each<[transition: string, event: AnnounceRequest['event'], seeding: boolean, leechersOnly: boolean]>([
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
  ])('as %s: event %s, seeding %s; wants only leechers: %s', async (transition, event, seeding, leechersOnly) => {
    const changes = seeding ? { event, ...SEEDING } : { event }
    expect(await told(changes)).toMatchObject({ transition, leechersOnly, numWant: event === 'stopped' ? 0 : 50 })
    expect(await told(changes, { seedersReceive: 'all' })).toMatchObject({ transition, leechersOnly: false })
  })

  test('as leecher when it does not say what is left', async () => {
    expect(await told({ left: undefined })).toMatchObject({ transition: 'leecher', leechersOnly: false })
  })

  test('as one who only looks when its port is 0, whatever else it says', async () => {
    expect(await told({ port: 0 })).toMatchObject({ transition: 'unchanged', numWant: 50, leechersOnly: false })
    expect(await told({ port: 0, ...SEEDING })).toMatchObject({ transition: 'unchanged', leechersOnly: true })
    expect(await told({ port: 0, event: 'paused' })).toMatchObject({ transition: 'unchanged', leechersOnly: true })
    expect(await told({ port: 0, event: 'completed' })).toMatchObject({ transition: 'unchanged', leechersOnly: true })
    expect(await told({ port: 0, event: 'stopped' })).toMatchObject({ transition: 'unchanged', numWant: 0 })
  })

  test('as one who wants no peers when a hook answers in its place', async () => {
    const store = modelStore()
    const wanted: number[] = []
    const announce = (given: SwarmAnnounce): SwarmView => {
      wanted.push(given.numWant)
      return store.announce(given)
    }
    const { tracker } = setUpTracker({}, storeWith({ announce }))
    tracker.addHook('preAnnounce', (_request, _response, context) => void (context.skipResponse = true))
    await tracker.announce(sampleRequest())
    expect(wanted).toEqual([0])
  })

  test.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['10.0.0.1', false],
    ['127.0.0.1', false],
    ['fd00::1', false],
  ])('as %s, which may be given public peers only: %s', async (text, publicOnly) => {
    expect(await told({ address: address(text) })).toMatchObject({ publicOnly })
    expect(await told({ address: address(text) }, { withholdPrivatePeers: false })).toMatchObject({ publicOnly: false })
  })
})
