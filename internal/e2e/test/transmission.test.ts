import { describe } from 'vitest'
import { transmission } from '../src/transmission.ts'
import { labTest } from './lab-test.ts'
import { expectDeparture, expectTransfer, PATIENT_SUITE } from './transfer.ts'

describe.concurrent('Transmission', PATIENT_SUITE, () => {
  labTest('shares files over HTTP', async ({ lab, expect, onTestFailed }) => {
    // No departure: transmission-cli 3.00 ends before its `stopped` is sent over HTTP.
    await expectTransfer({ lab, expect, onTestFailed }, ['http', 'ipv4'], {
      seeder: transmission,
      leecher: transmission,
    })
  })

  labTest('shares files over UDP', async ({ lab, expect, onTestFailed }) => {
    const transfer = await expectTransfer({ lab, expect, onTestFailed }, ['udp', 'ipv4'], {
      seeder: transmission,
      leecher: transmission,
    })
    await expectDeparture(expect, transfer)
  })
})
