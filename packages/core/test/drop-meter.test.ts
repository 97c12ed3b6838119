import { describe, expect, test } from 'vitest'
import { RequestMeter, type SocketDrops } from '../src/index.ts'

const NONE = {
  malformed: 0,
  source: 0,
  connection_id: 0,
  too_long: 0,
  receive_buffer: 0,
  send_queue: 0,
  pending_replies: 0,
}

describe('datagrams without an answer', () => {
  test('are counted by reason', () => {
    const { drops } = new RequestMeter()
    for (const reason of ['malformed', 'malformed', 'connection_id'] as const) drops.count(reason)
    expect(drops.counts()).toEqual({ ...NONE, malformed: 2, connection_id: 1 })
  })

  test('include the counts of sockets while they are watched', () => {
    const { drops } = new RequestMeter()
    let counted: SocketDrops = { receive_buffer: 5 }
    const end = drops.watch(() => counted)
    expect(drops.counts()).toEqual(NONE)
    counted = { receive_buffer: 7, too_long: 1 }
    expect(drops.counts()).toEqual({ ...NONE, receive_buffer: 2, too_long: 1 })
    end()
    counted = { receive_buffer: 100 }
    // Twice is once.
    end()
    expect(drops.counts()).toEqual({ ...NONE, receive_buffer: 2, too_long: 1 })
  })

  test('of several sockets are added up', () => {
    const { drops } = new RequestMeter()
    const counted: Record<string, number>[] = [{ send_queue: 0 }, { send_queue: 0 }]
    for (const one of counted) drops.watch(() => one)
    counted.forEach((one, index) => (one['send_queue'] = index + 1))
    expect(drops.counts()).toEqual({ ...NONE, send_queue: 3 })
  })
})
