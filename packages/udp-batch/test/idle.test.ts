import { expect, it } from 'vitest'
import { describeBatches } from './batches.ts'
import { runChild } from './child.ts'

describeBatches('an idle socket', () => {
  it('does not wake the event loop', async () => {
    const { code, stdout, stderr } = await runChild('idle.ts')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { before, after, received } = JSON.parse(stdout) as {
      before: number
      after: number
      received: number
    }
    expect(received).toBe(1)
    // The timer that ends the wait causes a few turns. Needless polling causes thousands.
    expect(Math.max(before, after)).toBeLessThan(10)
  })
})
