import type { ScrapeAnswer } from '@chihaya/client'
import { describe } from 'vitest'
import { aria2 } from '../src/aria2.ts'
import { hasFiles, type StartClient } from '../src/client.ts'
import { libtorrent } from '../src/libtorrent.ts'
import { announcedTo } from '../src/torrent.ts'
import type { TrackerProcess } from '../src/tracker-process.ts'
import { sharedLabTest } from './lab-test.ts'
import { PATIENCE, PATIENT_SUITE, type Transport } from './transfer.ts'

describe.concurrent('two trackers with a shared Redis', PATIENT_SUITE, () => {
  sharedLabTest.for<[...Transport, seeder: StartClient, leecher: StartClient]>([
    ['http', 'ipv4', aria2, libtorrent],
    ['http', 'ipv6', libtorrent, aria2],
    ['udp', 'ipv4', libtorrent, aria2],
    ['udp', 'ipv6', libtorrent, libtorrent],
  ])('connect their clients over %s and %s', async (given, { lab, expect, onTestFailed }) => {
    const [protocol, family, startSeeder, startLeecher] = given
    const [one, other] = lab.trackers as [TrackerProcess, TrackerProcess]
    const torrent = lab.createTorrent(protocol, family)
    const counters = (): Promise<ScrapeAnswer[]> =>
      Promise.all(lab.trackers.map((tracker) => lab.scrape(torrent, family, tracker)))
    const both = (complete: number, downloaded: number): Array<Partial<ScrapeAnswer>> =>
      [one, other].map(() => ({ complete, incomplete: 0, downloaded }))

    const seeder = await lab.addClient(startSeeder, torrent, { complete: true })
    onTestFailed(() => console.log(seeder.program.lastWords))
    await expect.poll(counters, PATIENCE).toMatchObject(both(1, 0))

    const elsewhere = announcedTo(other.announceUrl(protocol, family), torrent)
    const leecher = await lab.addClient(startLeecher, elsewhere)
    onTestFailed(() => console.log(leecher.program.lastWords))
    await expect.poll(() => hasFiles(leecher, torrent), PATIENCE).toBe(true)
    await expect.poll(counters, PATIENCE).toMatchObject(both(2, 1))

    leecher.program.signal('SIGINT')
    await expect.poll(counters, PATIENCE).toMatchObject(both(1, 1))
    seeder.program.signal('SIGINT')
    await expect.poll(counters, PATIENCE).toMatchObject(both(0, 1))
  })
})
