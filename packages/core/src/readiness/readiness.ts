import type { FastifyInstance } from 'fastify'
import type { MaybePromise } from '../maybe-promise.ts'
import { Probe, ProbeTimeout, type ProbeInit } from './probe.ts'

/**
 * What a part of a tracker says of itself: `true` when it can do its work, a few words when it
 * cannot, and a remark when it can, but an operator should know something. Strangers may read it:
 * no addresses, no secrets, nothing that a client sent.
 */
export type ReadinessAnswer = true | string | { readonly remark: string }

/**
 * Asked at most once a second, and given a second to answer. What it throws is logged, and counts
 * as not ready.
 */
export type ReadinessCheck = () => MaybePromise<ReadinessAnswer>

export interface ReadinessReport {
  readonly ready: boolean
  readonly status: 'ready' | 'not ready' | 'closing'
  /** By name: `ok`, `ok: ` with a remark, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>
}

/** What the checks need of a logger; Fastify's fits. */
export interface ReadinessLog {
  error(details: object, message: string): void
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
 * Whether a tracker can do its work, by what its parts say. Without parts it can; once it closes,
 * it cannot.
 */
export class Readiness {
  readonly #log: ReadinessLog
  readonly #probeInit: ProbeInit
  readonly #checks = new Map<string, NamedCheck>()
  #closing = false

  constructor(log: ReadinessLog, probeInit: ProbeInit = {}) {
    this.#log = log
    this.#probeInit = probeInit
  }

  /** Adds a check. A name that is taken gets a number: a second `store` is `store 2`. */
  add(name: string, check: ReadinessCheck): void {
    let unique = name
    for (let number = 2; this.#checks.has(unique); number++) unique = `${name} ${number}`
    this.#checks.set(unique, {
      name: unique,
      probe: new Probe(check, this.#probeInit),
      hasThrown: false,
    })
  }

  /** Not ready from here on, whatever the checks say. */
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
 * The readiness of an application: one for all its scopes, so that it does not matter where a check
 * is added and where it is reported. Another application, such as the next generation after a
 * reload, has another.
 */
export function readinessOf(fastify: FastifyInstance): Readiness {
  let readiness = ofApplication.get(fastify.server)
  if (!readiness) ofApplication.set(fastify.server, (readiness = new Readiness(fastify.log)))
  return readiness
}
