import type { FastifyInstance } from 'fastify'
import type { Log } from '../log.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { Probe, ProbeTimeout, type ProbeInit } from './probe.ts'

/**
 * The state of one part of a tracker: `true` if it works, a short text if it does not, a remark if
 * it works but an operator should know something. The texts are public: no addresses, no secrets,
 * nothing that a client sent.
 */
export type ReadinessAnswer = true | string | { readonly remark: string }

/**
 * Called at most once a second, with a second to answer. An error is logged and counts as not
 * ready.
 */
export type ReadinessCheck = () => MaybePromise<ReadinessAnswer>

export interface ReadinessReport {
  readonly ready: boolean
  readonly status: 'ready' | 'not ready' | 'closing'
  /** By name of the check: `ok`, `ok: ` and a remark, or the problem. */
  readonly checks: Readonly<Record<string, string>>
}

interface NamedCheck {
  readonly name: string
  readonly probe: Probe<ReadinessAnswer>
  hasThrown: boolean
}

interface Verdict {
  readonly ready: boolean
  readonly text: string
}

/**
 * Whether a tracker is ready: all of its checks pass, and it is not closing. Without checks it is
 * ready.
 */
export class Readiness {
  readonly #log: Pick<Log, 'error'>
  readonly #probeInit: ProbeInit
  readonly #checks = new Map<string, NamedCheck>()
  #closing = false

  constructor(log: Pick<Log, 'error'>, probeInit: ProbeInit = {}) {
    this.#log = log
    this.#probeInit = probeInit
  }

  /** Adds a check. A second check named `store` becomes `store 2`. */
  add(name: string, check: ReadinessCheck): void {
    let unique = name
    for (let number = 2; this.#checks.has(unique); number++) unique = `${name} ${number}`
    this.#checks.set(unique, {
      name: unique,
      probe: new Probe(check, this.#probeInit),
      hasThrown: false,
    })
  }

  /** Makes it not ready, permanently. */
  close(): void {
    this.#closing = true
  }

  /** Never rejects. */
  async report(): Promise<ReadinessReport> {
    const checks = [...this.#checks.values()]
    const verdicts = await Promise.all(checks.map((check) => this.#verdict(check)))
    const ready = !this.#closing && verdicts.every((verdict) => verdict.ready)
    return {
      ready,
      status: this.#closing ? 'closing' : ready ? 'ready' : 'not ready',
      checks: Object.fromEntries(
        checks.map(({ name }, index) => [name, (verdicts[index] as Verdict).text]),
      ),
    }
  }

  async #verdict(check: NamedCheck): Promise<Verdict> {
    try {
      const answer = await check.probe.read()
      check.hasThrown = false
      if (answer === true) return { ready: true, text: 'ok' }
      return typeof answer === 'string'
        ? { ready: false, text: answer }
        : { ready: true, text: `ok: ${answer.remark}` }
    } catch (error) {
      if (error instanceof ProbeTimeout) return { ready: false, text: 'no answer in time' }
      if (!check.hasThrown)
        this.#log.error({ err: error, check: check.name }, 'a readiness check failed')
      check.hasThrown = true
      return { ready: false, text: 'the check failed' }
    }
  }
}

const ofApplication = new WeakMap<object, Readiness>()

/**
 * The readiness of an application, the same in all of its scopes. After a reload, the next
 * application has another one.
 */
export function readinessOf(fastify: FastifyInstance): Readiness {
  let readiness = ofApplication.get(fastify.server)
  if (!readiness) ofApplication.set(fastify.server, (readiness = new Readiness(fastify.log)))
  return readiness
}
