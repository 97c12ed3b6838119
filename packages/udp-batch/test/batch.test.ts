import { expect, it } from 'vitest'
import type { Batch } from '@chihaya/udp-batch'
import { describeBatches, open } from './batches.ts'
import { DgramClient } from './dgram-client.ts'

describeBatches('a batch', () => {
  async function withBatch(check: (batch: Batch) => void): Promise<Batch> {
    let outcome: { batch: Batch; error: unknown } | undefined
    const socket = open(
      (batch) => {
        outcome = { batch, error: undefined }
        try {
          check(batch)
        } catch (error) {
          outcome.error = error
        }
        batch.reply(0, 0)
      },
      { maxReply: 100 },
    )
    const client = await DgramClient.bind()
    await client.request('x', socket.address())
    if (outcome?.error !== undefined) throw outcome.error
    return outcome?.batch as Batch
  }

  it('has buffers that span their ArrayBuffers, and datagrams at multiples of 64', async () => {
    await withBatch((batch) => {
      for (const buffer of [batch.input, batch.output]) {
        expect([buffer.byteOffset, buffer.length]).toEqual([0, buffer.buffer.byteLength])
      }
      for (const index of [0, 1, 2, 63])
        expect([batch.start(index) % 64, batch.replyStart(index) % 64]).toEqual([0, 0])
      expect(batch.replyStart(1) - batch.replyStart(0)).toBeGreaterThanOrEqual(batch.maxReply)
    })
  })

  it.each([-1, 101, Number.NaN])('refuses a reply of %d bytes', async (length) => {
    await withBatch((batch) => expect(() => batch.reply(0, length)).toThrow(RangeError))
  })

  it.each([-1, 1, Number.NaN])('has no datagram %d among one', async (index) => {
    await withBatch((batch) => expect(() => batch.reply(index, 1)).toThrow(RangeError))
  })

  it('refuses replies after onBatch has returned', async () => {
    const batch = await withBatch(() => undefined)
    expect(batch.count).toBe(0)
    expect(() => batch.reply(0, 1)).toThrow('this batch has no datagram 0')
  })
})
