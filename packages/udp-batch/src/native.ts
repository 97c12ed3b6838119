/** A socket of the native part. Opaque; it is closed, or closes when its environment ends. */
export type Handle = object & { readonly __handle: unique symbol }

/** Flags of `open`. */
export const REUSE_PORT = 1
export const IPV6_ONLY = 2
export const KEEP_TRUNCATED = 4

/** Events of `watch`, which are libuv's. */
export const READABLE = 1
export const WRITABLE = 2

/**
 * Set in what `receive` and `send` return when the system had an error; the other bits are a count
 * or an index.
 */
export const FAILED = 0x1_00_00

/**
 * The functions of `native/`, where they are described. They throw for a handle that is closed,
 * unless it says otherwise.
 */
export interface Native {
  /**
   * `parameters`: port, flags, receive buffer, send buffer, batch size, records in a `send`, bytes
   * of a datagram, stride of the input, stride of the output, as 32-bit words. `onReady(failed)` is
   * called after `watch`; if `failed`, that has to be called again.
   */
  open(address: string, parameters: ArrayBuffer, onReady: (failed: boolean) => void): Handle
  receive(handle: Handle, input: ArrayBuffer, records: ArrayBuffer): number
  send(handle: Handle, output: ArrayBuffer, records: ArrayBuffer, from: number, to: number): number
  watch(handle: Handle, events: number): void
  /** Does nothing for a handle that is closed. */
  close(handle: Handle): void
  /** Address and port. */
  address(handle: Handle): [string, number]
  bufferSize(handle: Handle, sending: boolean): number
  /**
   * Writes received, sent, truncated, errors and overflowed as 64-bit floats, and returns the
   * number of the last error. Works for a handle that is closed.
   */
  counters(handle: Handle, target: ArrayBuffer): number
}
