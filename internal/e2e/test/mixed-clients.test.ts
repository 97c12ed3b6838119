import { describe } from 'vitest'
import { aria2 } from '../src/aria2.ts'
import { libtorrent } from '../src/libtorrent.ts'
import { labTest } from './lab-test.ts'
import { expectDeparture, expectTransfer, PATIENT_SUITE } from './transfer.ts'

describe.concurrent('different clients', PATIENT_SUITE, () => {
  labTest('share files, from aria2 to libtorrent', async ({ lab, expect, onTestFailed }) => {
    const transfer = await expectTransfer({ lab, expect, onTestFailed }, ['http', 'ipv6'], {
      seeder: aria2,
      leecher: libtorrent,
    })
    await expectDeparture(expect, transfer)
  })

  labTest('share files, from libtorrent to aria2', async ({ lab, expect, onTestFailed }) => {
    const transfer = await expectTransfer({ lab, expect, onTestFailed }, ['udp', 'ipv4'], {
      seeder: libtorrent,
      leecher: aria2,
    })
    await expectDeparture(expect, transfer)
  })
})
