import type { FastifyInstance } from 'fastify'
import { isDeepStrictEqual } from 'node:util'
import { isPromise, type MaybePromise } from './maybe-promise.ts'

/** How to make an object that outlives its application, and how to end it. */
export interface LastingInit<T> {
  /** Compared by value: an object made with other options is left behind. */
  readonly options?: unknown
  create(): T
  /**
   * Called when another application takes over that does not use the object, in the same turn. The
   * application that uses it has yet to close. Must not throw or reject.
   */
  leave?(value: T): MaybePromise<void>
  /** Called once, when no application uses the object any more. */
  close?(value: Awaited<T>): MaybePromise<void>
}

/**
 * A change of hands that is prepared: what it needs is open, and nothing else has changed yet. Call
 * one of the two, once.
 */
export interface Handover {
  /**
   * The new side serves before this returns. Never throws or rejects. The promise resolves when the
   * old side has answered what had arrived and has let go of what the new side does not use.
   */
  commit(): Promise<void>
  /** Closes what was opened. Everything stays as it was. */
  cancel(): Promise<void>
}

interface Entry {
  readonly key: string
  readonly init: LastingInit<unknown>
  readonly value: unknown
  readonly createdAt: number
  /** Who closes it. */
  owner: LastingObjects
}

let created = 0

/**
 * The objects of an application that may outlive it. Each application has a set of its own; the set
 * of the next application takes over from the set before it. An object has one owner at any time.
 */
export class LastingObjects {
  #previous: LastingObjects | undefined
  #inForce = false
  #closing: Promise<void> | undefined
  readonly #entries: Entry[] = []
  readonly #handovers: Handover[] = []

  /** @param previous the set of the application that runs, if there is one. */
  constructor(previous?: LastingObjects) {
    this.#previous = previous
  }

  /** Has an application use this set. Call it before plugins are registered. */
  lendTo(fastify: FastifyInstance): void {
    ofApplication.set(fastify.server, this)
  }

  /** See `lasting`. */
  get<T>(key: string, init: LastingInit<T>): T {
    if (this.#closing) throw new Error(`${key}: the application has closed`)
    const before = this.#previous ? this.#previous.#entries : []
    const taken = before.find(
      (entry) =>
        entry.key === key &&
        isDeepStrictEqual(entry.init.options, init.options) &&
        !this.#entries.includes(entry),
    )
    if (taken) {
      this.#entries.push(taken)
      return taken.value as T
    }
    const value = init.create()
    const entry = { key, init, value, createdAt: created++, owner: this }
    this.#entries.push(entry)
    // Whoever asked is told the error. The next application makes a new attempt.
    if (isPromise(value)) value.then(undefined, () => this.#forget(entry))
    return value
  }

  /** See `handOver`. */
  async stage(handover: Handover): Promise<void> {
    if (this.#inForce) await handover.commit()
    else this.#handovers.push(handover)
  }

  /**
   * Makes this the set in force, in one turn of the event loop: it owns its objects from here on,
   * and every handover is committed. Close the previous set once its application has closed.
   *
   * @returns when all handovers are complete, and objects that nobody uses are left.
   */
  takeOver(): Promise<void> {
    const before = this.#previous ? this.#previous.#entries : []
    const left = before.filter((entry) => !this.#entries.includes(entry))
    this.#inForce = true
    this.#previous = undefined
    for (const entry of this.#entries) entry.owner = this
    const complete = [
      ...this.#handovers.splice(0).map((handover) => handover.commit()),
      ...left.map(async ({ init, value }) => init.leave?.(value)),
    ]
    return Promise.all(complete).then(() => undefined)
  }

  /**
   * Closes the objects that no other set has taken over, the latest first. Before `takeOver`, it
   * cancels the handovers and closes what was created, which leaves the previous set as it was.
   *
   * @throws what closing throws, once all are closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const cancelled = await Promise.allSettled(
      this.#handovers.splice(0).map((handover) => handover.cancel()),
    )
    const own = this.#entries
      .filter(({ owner }) => owner === this)
      .sort((one, other) => other.createdAt - one.createdAt)
    const errors: unknown[] = cancelled.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    )
    for (const { value, init } of own) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await init.close?.(await value)
      } catch (error) {
        errors.push(error)
      }
    }
    this.#entries.length = 0
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'objects failed to close')
  }

  #forget(entry: Entry): void {
    const index = this.#entries.indexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
  }
}

const ofApplication = new WeakMap<object, LastingObjects>()

/**
 * The set of an application. Without a supervisor, an application has one that closes with it: after
 * the plugins that were registered since the first call.
 */
export function lastingObjectsOf(fastify: FastifyInstance): LastingObjects {
  let objects = ofApplication.get(fastify.server)
  if (!objects) {
    const own = (objects = new LastingObjects())
    fastify.addHook('onClose', async () => {
      await own.close()
    })
    own.lendTo(fastify)
    void own.takeOver()
  }
  return objects
}

/**
 * An object that outlives its application: what the previous application had under the same key,
 * with the same options, or else what `create` returns, which may be a promise. Nobody but
 * `init.close` may close it.
 *
 * A plugin that asks twice has two objects, and the next application gets them in the same order.
 * Plugins share an object as they share any other: by a decorator.
 *
 * @param key names the package and the object, such as `tracker-middleware-passkey users`.
 */
export function lasting<T>(fastify: FastifyInstance, key: string, init: LastingInit<T>): T {
  return lastingObjectsOf(fastify).get(key, init)
}

/**
 * Leaves a handover to the moment at which the application takes the place of the previous one,
 * together with all others. Without a supervisor that is now.
 */
export async function handOver(fastify: FastifyInstance, handover: Handover): Promise<void> {
  await lastingObjectsOf(fastify).stage(handover)
}
