import type { AddressFamily } from '@chihaya/bittorrent'
import type { ScrapeAnswer } from '@chihaya/client'
import type { ExpectStatic, TestContext } from 'vitest'
import { hasFiles, type Client, type StartClient } from '../src/client.ts'
import type { Lab } from '../src/lab.ts'

export type Transport = readonly [protocol: 'http' | 'udp', family: AddressFamily]

/** The time that a real client may take for a step, and the polling interval, in milliseconds. */
export const PATIENCE = { timeout: 60_000, interval: 100 }

/** Options for suites with real clients. */
export const PATIENT_SUITE = { timeout: 200_000 }

interface Transfer {
  readonly seeder: Client
  readonly leecher: Client
  readonly counters: () => Promise<ScrapeAnswer>
}

/**
 * Expects a leecher to find a seeder through the tracker and to download the files, with the right
 * counters.
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

/** Stops both clients, one after the other, and expects the tracker to forget each at once. */
export async function expectDeparture(
  expect: ExpectStatic,
  { seeder, leecher, counters }: Transfer,
): Promise<void> {
  leecher.program.signal('SIGINT')
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 1, incomplete: 0, downloaded: 1 })
  seeder.program.signal('SIGINT')
  await expect.poll(counters, PATIENCE).toMatchObject({ complete: 0, incomplete: 0, downloaded: 1 })
}
