import { describe } from 'vitest'
import { aria2 } from '../src/aria2.ts'
import { labTest } from './lab-test.ts'
import { expectDeparture, expectTransfer, PATIENT_SUITE, type Transport } from './transfer.ts'

describe.concurrent('aria2', PATIENT_SUITE, () => {
  // No UDP over IPv6: aria2 queries UDP trackers only from an IPv4 socket.
  labTest.for<Transport>([
    ['http', 'ipv4'],
    ['http', 'ipv6'],
    ['udp', 'ipv4'],
  ])('shares files over %s and %s', async (transport, { lab, expect, onTestFailed }) => {
    const transfer = await expectTransfer({ lab, expect, onTestFailed }, transport, {
      seeder: aria2,
      leecher: aria2,
    })
    await expectDeparture(expect, transfer)
  })
})
