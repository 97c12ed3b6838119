import { describe } from 'vitest'
import { hasFiles } from '../src/client.ts'
import { libtorrent } from '../src/libtorrent.ts'
import { labTest } from './lab-test.ts'
import {
  expectDeparture,
  expectTransfer,
  PATIENCE,
  PATIENT_SUITE,
  type Transport,
} from './transfer.ts'

describe.concurrent('libtorrent', PATIENT_SUITE, () => {
  labTest.for<Transport>([
    ['http', 'ipv4'],
    ['http', 'ipv6'],
    ['udp', 'ipv4'],
    ['udp', 'ipv6'],
  ])('shares files over %s and %s', async (transport, { lab, expect, onTestFailed }) => {
    const transfer = await expectTransfer({ lab, expect, onTestFailed }, transport, {
      seeder: libtorrent,
      leecher: libtorrent,
    })
    await expectDeparture(expect, transfer)
  })

  labTest.for<Transport>([
    ['http', 'ipv4'],
    ['udp', 'ipv4'],
  ])(
    'becomes a partial seed over %s and %s when it wants no more files',
    async ([protocol, family], { lab, expect }) => {
      const torrent = lab.createTorrent(protocol, family, [262_144, 262_144])
      await lab.addClient(libtorrent, torrent, { complete: true })
      await expect.poll(() => lab.scrape(torrent, family), PATIENCE).toMatchObject({ complete: 1 })

      const partialSeed = await lab.addClient(libtorrent, torrent, { leaveOut: [1] })
      await expect.poll(() => hasFiles(partialSeed, torrent, [0]), PATIENCE).toBe(true)
      await expect
        .poll(() => {
          partialSeed.program.write('announce')
          return lab.scrape(torrent, family)
        }, PATIENCE)
        .toEqual({ complete: 1, incomplete: 1, downloaders: 0, downloaded: 0 })
    },
  )
})
