/**
 * A value, or a promise of it. A value that is available is returned as it is, without a trip
 * through the microtask queue.
 */
export type MaybePromise<T> = T | Promise<T>

/** Whether a value is a promise, also of another library: anything with a `then`. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
