import type { FastifyInstance } from 'fastify'
import { isDeepStrictEqual } from 'node:util'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

/** How to create an object that outlives its application, and how to close it. */
export interface LastingInit<T> {
  /** Compared by value: the next application does not take over an object with other options. */
  readonly options?: unknown
  create(): T
  /**
   * Called when another application takes over that does not use the object, in the same turn. The
   * application that uses it closes later. Must not throw or reject.
   */
  leave?(value: T): MaybePromise<void>
  /** Called once, when no application uses the object any longer. */
  close?(value: Awaited<T>): MaybePromise<void>
}

/**
 * A prepared handover: the new side has opened what it needs, and nothing else has changed yet.
 * Call one of the two methods, once.
 */
export interface Handover {
  /**
   * The new side serves before this returns. Never throws or rejects. The promise resolves when the
   * old side has answered all requests that had arrived, and has released what the new side does
   * not use.
   */
  commit(): Promise<void>
  /** Closes what was opened, and changes nothing else. */
  cancel(): Promise<void>
}

interface Entry {
  readonly key: string
  readonly init: LastingInit<unknown>
  readonly value: unknown
  readonly createdAt: number
  /** The set that closes it. */
  owner: LastingObjects
}

let created = 0

/**
 * The objects of an application that may outlive it. Each application has such a set, which takes
 * over objects from the set of the previous application. An object has one owner at any time.
 */
export class LastingObjects {
  #previous: LastingObjects | undefined
  #inForce = false
  #closing: Promise<void> | undefined
  readonly #entries: Entry[] = []
  readonly #handovers: Handover[] = []

  /** @param previous the set of the running application, if there is one. */
  constructor(previous?: LastingObjects) {
    this.#previous = previous
  }

  /** Makes an application use this set. Call it before plugins are registered. */
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
    // The caller gets the error. The next application tries again.
    if (isPromise(value)) value.then(undefined, () => this.#forget(entry))
    return value
  }

  /** See `handOver`. */
  async stage(handover: Handover): Promise<void> {
    if (this.#inForce) await handover.commit()
    else this.#handovers.push(handover)
  }

  /**
   * Puts this set into effect, in one turn of the event loop: it now owns its objects, and commits
   * all handovers. Close the previous set once its application has closed.
   *
   * @returns when all handovers are complete, and `leave` was called for objects that are not used.
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
   * Closes the objects that no other set has taken over, in reverse order of creation. Before
   * `takeOver` it cancels the handovers and closes only what this set has created.
   *
   * @throws the errors of closing, once all are closed.
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
 * The set of an application. Without a supervisor, the set closes with the application, after the
 * plugins that were registered since the first call.
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
 * An object that outlives its application: the previous application's object with the same key and
 * options, otherwise the result of `create`, which may be a promise. Only `init.close` may close
 * it.
 *
 * A plugin that calls this twice has two objects, and the next application gets them in the same
 * order. To share an object, plugins use a decorator.
 *
 * @param key the name of the package, and of the object, such as `tracker-middleware-passkey
 * users`.
 */
export function lasting<T>(fastify: FastifyInstance, key: string, init: LastingInit<T>): T {
  return lastingObjectsOf(fastify).get(key, init)
}

/**
 * Commits a handover when the application replaces the previous one, together with all other
 * handovers. Without a supervisor that is now.
 */
export async function handOver(fastify: FastifyInstance, handover: Handover): Promise<void> {
  await lastingObjectsOf(fastify).stage(handover)
}
