import { createError, type FastifyErrorConstructor } from '@fastify/error'
import type { Client } from './client.ts'
import type { Fault } from './faults.ts'

/** A Redis that cannot be reached when the tracker starts. Arguments: its address, the reason. */
export const TRK_ERR_REDIS: FastifyErrorConstructor<
  { code: 'TRK_ERR_REDIS'; statusCode: 500 },
  [string, string]
> = createError('TRK_ERR_REDIS', 'cannot use Redis at %s: %s', 500)

const NO_DATABASE = /DB index is out of range/

export interface ConnectOptions {
  readonly client: Client
  /** Names the server in messages. */
  readonly address: string
  /** Milliseconds. */
  readonly timeout: number
  /** Give up after the first failed attempt, not when time is up. */
  readonly once: boolean
  readonly faultOf: (error: unknown) => Fault
}

/**
 * Waits until the client is ready for commands. @throws TRK_ERR_REDIS with the address and the
 * reason.
 */
export async function connect({
  client,
  address,
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
    // The events say more than the rejection.
    else if (client.status === 'wait') client.connect().catch(() => {})

    function stop(): void {
      clearTimeout(timer)
      for (const [name, listener] of events) client.off(name, listener)
    }
    function succeed(): void {
      stop()
      resolve()
    }
    function fail(): void {
      stop()
      reject(new TRK_ERR_REDIS(address, reason))
    }
    function note(error: Error): void {
      reason = faultOf(error).reason
      // The client would fall back to database 0.
      if (NO_DATABASE.test(reason)) fail()
    }
  })
}
