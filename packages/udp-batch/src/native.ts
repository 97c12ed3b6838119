/** A socket of the native part. It closes by `close`, or with its environment. */
export type Handle = object & { readonly __handle: unique symbol }

/** Flags of `open`. */
export const REUSE_PORT = 1
export const IPV6_ONLY = 2
export const KEEP_TRUNCATED = 4

/** Events of `watch`, as in libuv. */
export const READABLE = 1
export const WRITABLE = 2

/** Set in the result of `receive` and `send` after an error. The other bits are the result. */
export const FAILED = 0x1_00_00

/**
 * The functions of `native/`, described there. They throw for a closed handle unless stated
 * otherwise.
 */
export interface Native {
  /**
   * `parameters`: port, flags, receive buffer size, send buffer size, batch size, maximum records
   * per `send`, maximum datagram size, input stride and output stride, as 32-bit words. After
   * `watch`, `onReady(failed)` is called; if `failed`, `watch` must be called again. With
   * `wildcard`, the socket may be bound to the same port as that one.
   */
  open(
    address: string,
    parameters: ArrayBuffer,
    onReady: (failed: boolean) => void,
    wildcard?: Handle,
  ): Handle
  receive(handle: Handle, input: ArrayBuffer, records: ArrayBuffer): number
  send(handle: Handle, output: ArrayBuffer, records: ArrayBuffer, from: number, to: number): number
  watch(handle: Handle, events: number): void
  /** Does nothing for a closed handle. */
  close(handle: Handle): void
  /** Address and port. */
  address(handle: Handle): [string, number]
  bufferSize(handle: Handle, sending: boolean): number
  /**
   * Writes received, sent, truncated, errors and overflowed as 64-bit floats. Returns the number of
   * the last error. Works for a closed handle.
   */
  counters(handle: Handle, target: ArrayBuffer): number
}
