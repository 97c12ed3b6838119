/**
 * A value that may need waiting for. What is at hand is returned as it is, so that nothing enters
 * the microtask queue.
 */
export type MaybePromise<T> = T | Promise<T>

/**
 * True for anything with a `then`, as the promises of other libraries are not instances of ours.
 */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
