import { InvalidAnswerError, NoAnswerError, TrackerFailure } from './errors.ts'

/** Runs an exchange within a time limit, and translates errors of the system. */
export async function withDeadline<T>(
  timeout: number,
  signal: AbortSignal | undefined,
  exchange: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const expiry = AbortSignal.timeout(timeout)
  try {
    return await exchange(signal ? AbortSignal.any([signal, expiry]) : expiry)
  } catch (error) {
    if (error instanceof TrackerFailure || error instanceof InvalidAnswerError) throw error
    if (signal?.aborted === true) throw signal.reason
    if (expiry.aborted)
      throw new NoAnswerError(`no answer within ${timeout / 1000} s`, { cause: error })
    if (error instanceof NoAnswerError) throw error
    throw new NoAnswerError(`no answer: ${textOf(error as NodeJS.ErrnoException)}`, {
      cause: error,
    })
  }
}

/** A host with several addresses fails with an AggregateError, whose message is empty. */
function textOf({ message, code }: NodeJS.ErrnoException): string {
  return message === '' ? (code ?? 'unknown error') : message
}

/** Stops waiting for a shared promise when the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort)
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  })
}
