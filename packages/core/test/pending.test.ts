import { setImmediate } from 'node:timers/promises'
import { Pending } from '@chihaya/core'
import { describe, expect, test } from 'vitest'

describe('pending work', () => {
  test('can be awaited by several callers', async () => {
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

  test('is awaited until the deadline at most, and not at all if there is none', async () => {
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
