import type { AddressFamily } from '@chihaya/bittorrent'
import type { ScrapeAnswer } from '@chihaya/client'
import type { ExpectStatic, TestContext } from 'vitest'
import { hasFiles, type Client, type StartClient } from '../src/client.ts'
import type { Lab } from '../src/lab.ts'

export type Transport = readonly [protocol: 'http' | 'udp', family: AddressFamily]

/** How long a real client may take for its next step, and how often to look, in milliseconds. */
export const PATIENCE = { timeout: 60_000, interval: 100 }

/** For suites of such tests. */
export const PATIENT_SUITE = { timeout: 200_000 }

interface Transfer {
  readonly seeder: Client
  readonly leecher: Client
  readonly counters: () => Promise<ScrapeAnswer>
}

/**
 * A seeder and a leecher meet through the tracker, the content moves, and the tracker counts them
 * right.
 */
export async function expectTransfer(
  {
    lab,
    expect,
    onTestFailed,
  }: Pick<TestContext, 'expect' | 'onTestFailed'> & { readonly lab: Lab },
  [protocol, family]: Transport,
  clients: { readonly seeder: StartClient; readonly leecher: StartClient },
): Promise<Transfer> {
  const torrent = lab.createTorrent(protocol, family)
  const counters = async (): Promise<ScrapeAnswer> => lab.scrape(torrent, family)

  const seeder = await lab.addClient(clients.seeder, torrent, { complete: true })
  onTestFailed(() => console.log(seeder.program.lastWords))
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 1, incomplete: 0, downloaded: 0 })

  const leecher = await lab.addClient(clients.leecher, torrent)
  onTestFailed(() => console.log(leecher.program.lastWords))
  await expect.poll(() => hasFiles(leecher, torrent), PATIENCE).toBe(true)
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 2, incomplete: 0, downloaded: 1 })
  return { seeder, leecher, counters }
}

/** Both clients leave, one after the other, and the tracker forgets them at once. */
export async function expectDeparture(
  expect: ExpectStatic,
  { seeder, leecher, counters }: Transfer,
): Promise<void> {
  leecher.program.signal('SIGINT')
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 1, incomplete: 0, downloaded: 1 })
  seeder.program.signal('SIGINT')
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 0, incomplete: 0, downloaded: 1 })
}
