import { TRK_ERR_REDIS } from './errors.ts'
import type { Client } from './client.ts'
import type { Fault } from './faults.ts'

const NO_DATABASE = /DB index is out of range/

export interface ConnectOptions {
  readonly client: Client
  /** In words. */
  readonly target: string
  /** Milliseconds. */
  readonly timeout: number
  /** Fail at the first failure, instead of hoping for another attempt until time is up. */
  readonly once: boolean
  readonly faultOf: (error: unknown) => Fault
}

/**
 * Waits until the client is ready for commands. @throws TRK_ERR_REDIS that says which Redis, and
 * why not.
 */
export async function connect({
  client,
  target,
  timeout,
  once,
  faultOf,
}: ConnectOptions): Promise<void> {
  if (client.status === 'ready') return
  let reason = `it did not answer within ${timeout / 1000} s`
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(fail, timeout)
    const events: Array<[name: string, listener: (error: Error) => void]> = [
      ['ready', succeed],
      ['error', note],
      ['node error', note],
      ['close', once ? fail : () => {}],
      ['end', fail],
    ]
    for (const [name, listener] of events) client.on(name, listener)
    if (client.status === 'end') fail()
    // What it rejects with says less than the events do.
    else if (client.status === 'wait') client.connect().catch(() => {})

    function settle(): void {
      clearTimeout(timer)
      for (const [name, listener] of events) client.off(name, listener)
    }
    function succeed(): void {
      settle()
      resolve()
    }
    function fail(): void {
      settle()
      reject(new TRK_ERR_REDIS(target, reason))
    }
    function note(error: Error): void {
      reason = faultOf(error).reason
      // The client would go on with database 0.
      if (NO_DATABASE.test(reason)) fail()
    }
  })
}
