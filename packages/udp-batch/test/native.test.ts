import { expect, it, onTestFinished } from 'vitest'
import { native } from '../src/availability.ts'
import { READABLE, type Handle } from '../src/native.ts'
import { describeBatches } from './batches.ts'

const BATCH = 4
const STRIDE = 64
const RECORD = 48

// Port, flags, buffers, batch size, records to send, bytes of a datagram, strides.
const PARAMETERS = [0, 0, 0, 0, BATCH, BATCH, STRIDE, STRIDE, STRIDE]

function openWith(changes: Record<number, number> = {}, address = '127.0.0.1'): Handle {
  const parameters = Uint32Array.from(PARAMETERS.map((value, index) => changes[index] ?? value))
  const handle = native().open(address, parameters.buffer, () => undefined)
  onTestFinished(() => native().close(handle))
  return handle
}

function detached(): ArrayBuffer {
  const memory = new ArrayBuffer(BATCH * STRIDE)
  structuredClone(memory, { transfer: [memory] })
  return memory
}

describeBatches('the native part refuses', () => {
  const enough = new ArrayBuffer(BATCH * STRIDE)

  it.each([
    [
      'too little input',
      () => [new ArrayBuffer(BATCH * STRIDE - 1), new ArrayBuffer(BATCH * RECORD)],
    ],
    ['too few records', () => [enough, new ArrayBuffer(BATCH * RECORD - 1)]],
    ['input that has been transferred', () => [detached(), enough]],
    ['records that have been transferred', () => [enough, detached()]],
    ['a view', () => [new Uint8Array(BATCH * STRIDE), enough]],
    ['nothing', () => []],
  ])('%s, receiving and sending', (_what, memory) => {
    const handle = openWith()
    const [first, second] = memory() as [ArrayBuffer, ArrayBuffer]
    expect(() => native().receive(handle, first, second)).toThrow(RangeError)
    expect(() => native().send(handle, first, second, 0, BATCH)).toThrow(RangeError)
  })

  it('sizes that would not fit', () => {
    for (const changes of [
      { 4: 0 },
      { 4: 1025 },
      { 5: 0 },
      { 5: 2 ** 31 },
      { 6: STRIDE + 1 },
      { 7: 0 },
    ]) {
      expect(() => openWith(changes)).toThrow(expect.objectContaining({ errno: -22 }))
    }
    expect(() => native().open('127.0.0.1', new ArrayBuffer(35), () => undefined)).toThrow(
      RangeError,
    )
  })

  it('invalid addresses', () => {
    for (const address of ['', 'localhost', '1.2.3', '::1%', `fe80::1%${'x'.repeat(100)}`]) {
      expect(() => openWith({}, address)).toThrow(
        expect.objectContaining({ errno: -22, syscall: 'bind' }),
      )
    }
  })

  it('a closed or invalid handle', () => {
    const handle = openWith()
    native().close(handle)
    native().close(handle)
    const closed = 'the socket is closed'
    for (const bad of [handle, {}, undefined] as Handle[]) {
      expect(() => native().receive(bad, enough, enough)).toThrow(closed)
      expect(() => native().send(bad, enough, enough, 0, 1)).toThrow(closed)
      expect(() => native().watch(bad, READABLE)).toThrow(closed)
      expect(() => native().address(bad)).toThrow(closed)
      expect(() => native().bufferSize(bad, true)).toThrow(closed)
    }
  })

  it('records or bytes that do not exist', () => {
    const handle = openWith()
    const records = new Uint16Array(BATCH * (RECORD / 2)).fill(65_535)
    for (const [from, to] of [
      [0, BATCH],
      [0, BATCH + 1],
      [BATCH, 0],
      [2 ** 20, 2 ** 20 + 1],
    ] as const) {
      try {
        native().send(handle, enough, records.buffer, from, to)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
    const counted = new Float64Array(5)
    native().counters(handle, counted.buffer)
    expect([...counted]).toEqual([0, 0, 0, 0, 0])
    expect(() => native().counters(handle, new ArrayBuffer(39))).toThrow(RangeError)
  })
})
