import { describe } from 'vitest'
import { hasFiles, type Client } from '../src/client.ts'
import { libtorrent } from '../src/libtorrent.ts'
import { labTest } from './lab-test.ts'
import { PATIENCE, PATIENT_SUITE } from './transfer.ts'

describe('a tracker that restarts', PATIENT_SUITE, () => {
  labTest(
    'learns of seeders from their next announce, and gives them to leechers',
    async ({ lab, expect }) => {
      const torrents = [lab.createTorrent('http', 'ipv4'), lab.createTorrent('udp', 'ipv4')]
      const complete = async (): Promise<number[]> =>
        Promise.all(torrents.map(async (torrent) => (await lab.scrape(torrent, 'ipv4')).complete))
      const seeders = await Promise.all(
        torrents.map((torrent) => lab.addClient(libtorrent, torrent, { complete: true })),
      )
      await expect.poll(complete, PATIENCE).toEqual([1, 1])

      expect(await lab.tracker.stop()).toBe(0)
      await lab.tracker.start()
      expect(await complete()).toEqual([0, 0])

      for (const seeder of seeders) seeder.program.write('announce')
      await expect.poll(complete, PATIENCE).toEqual([1, 1])
      const leechers = await Promise.all(
        torrents.map((torrent) => lab.addClient(libtorrent, torrent)),
      )
      await expect
        .poll(
          () =>
            Promise.all(
              torrents.map((torrent, index) => hasFiles(leechers[index] as Client, torrent)),
            ),
          PATIENCE,
        )
        .toEqual([true, true])
    },
  )
})
