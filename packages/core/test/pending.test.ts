import { setImmediate } from 'node:timers/promises'
import { Pending } from '@chihaya/core'
import { describe, expect, test } from 'vitest'

describe('what is under way', () => {
  test('is waited for by everybody who asks', async () => {
    const pending = new Pending()
    pending.begin()
    pending.begin()
    const idle = { count: 0 }
    const waiting = [1, 2].map(async () => {
      await pending.idle()
      idle.count++
    })
    pending.end()
    await setImmediate()
    expect([idle.count, pending.count]).toEqual([0, 1])
    pending.end()
    await Promise.all(waiting)
    expect(idle.count).toBe(2)
  })

  test('is not waited for beyond the deadline, nor when there is nothing', async () => {
    const pending = new Pending()
    await pending.idle()
    pending.begin()
    await pending.idle(performance.now() + 1)
    expect(pending.count).toBe(1)
  })

  test('is full at its limit', () => {
    const pending = new Pending(1)
    expect(pending.full).toBe(false)
    pending.begin()
    expect(pending.full).toBe(true)
    pending.end()
    expect(pending.full).toBe(false)
  })
})
