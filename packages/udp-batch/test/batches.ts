import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BatchSocket, unavailable, type Batch, type BatchSocketOptions } from '@chihaya/udp-batch'

/** The package's folder. */
export const PACKAGE: string = fileURLToPath(new URL('..', import.meta.url))

// The tests run the sources, so they need no build.
const compiled = spawnSync(process.execPath, [`${PACKAGE}scripts/compile.mjs`], {
  encoding: 'utf8',
})
if (compiled.status !== 0) throw new Error(compiled.stderr)

/** `describe` where batching is available. Elsewhere, `unavailable` must give the reason. */
export function describeBatches(what: string, tests: () => void): void {
  const reason = unavailable()
  if (reason === undefined) describe(what, tests)
  else {
    describe(what, () => {
      it('needs batching, which says why it is unavailable here', () => {
        expect(reason).not.toBe('')
        expect(() => BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined)).toThrow(
          reason,
        )
      })
    })
  }
}

/** A socket that is closed with the test, on a free port of 127.0.0.1 unless told otherwise. */
export function open(
  onBatch: (batch: Batch) => void,
  options: Partial<BatchSocketOptions> = {},
): BatchSocket {
  const socket = BatchSocket.bind({ address: '127.0.0.1', port: 0, ...options }, onBatch)
  onTestFinished(() => socket.close())
  return socket
}

/** Answers every datagram with itself. */
export function echo(batch: Batch): void {
  for (let index = 0; index < batch.count; index++) {
    batch.reply(
      index,
      batch.input.copy(batch.output, batch.replyStart(index), batch.start(index), batch.end(index)),
    )
  }
}

/** Copies of a batch's datagrams. */
export function datagrams(batch: Batch): Buffer[] {
  return Array.from({ length: batch.count }, (_, index) =>
    Buffer.from(batch.input.subarray(batch.start(index), batch.end(index))),
  )
}
