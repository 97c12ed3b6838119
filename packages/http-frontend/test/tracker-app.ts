import type { Server } from 'node:http'
import core, {
  type CoreOptions,
  type PeerStore,
  type RequestMeter,
  type Tracker,
} from '@chihaya/core'
import { bdecode, toHex, type Bdecoded } from '@chihaya/bittorrent'
import { ModelPeerStore, sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import {
  httpFrontend,
  recommendedServerOptions,
  type HttpFrontendOptions,
} from '@chihaya/http-frontend'
import Fastify, {
  type FastifyInstance,
  type FastifyHttpOptions,
  type LightMyRequestResponse,
} from 'fastify'

export type Dictionary = Map<string, Bdecoded>

export interface AppOptions {
  readonly http?: HttpFrontendOptions
  readonly core?: CoreOptions
  readonly server?: FastifyHttpOptions<Server>
  readonly store?: PeerStore
  /** Counts the requests. */
  readonly meter?: RequestMeter
  /** Adds hooks while plugins load. */
  readonly hooks?: (tracker: Tracker) => void
}

/** A tracker on a model store, as the recommended server has it. */
export async function trackerApp(options: AppOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({ ...recommendedServerOptions, ...options.server })
  const store: PeerStore = options.store ?? modelStore()
  app.decorate('peerStore', store)
  if (options.meter) app.decorate('requestMeter', options.meter)
  await app.register(core, options.core ?? {})
  options.hooks?.(app.tracker)
  await app.register(httpFrontend, options.http ?? {})
  return app
}

export function modelStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
}

/** Percent-encodes every byte of a byte string. */
export function escape(bytes: string): string {
  return toHex(bytes).replaceAll(/../g, '%$&')
}

export const HASH: string = escape(sampleInfoHash(1))
export const PEER_ID: string = escape(samplePeerId(1))

/**
 * The target of a valid announce with `changes`: a string replaces or adds a parameter, null leaves
 * it out.
 */
export function announceTarget(
  changes: Record<string, string | null> = {},
  path = '/announce',
): string {
  const params: Record<string, string | null> = {
    info_hash: HASH,
    peer_id: PEER_ID,
    port: '6881',
    left: '1000',
    ...changes,
  }
  const pairs = Object.entries(params).flatMap(([key, value]) =>
    value === null ? [] : [`${key}=${value}`],
  )
  return `${path}?${pairs.join('&')}`
}

/** The decoded body of an answer. @throws when it is no dictionary in strict bencode. */
export function decode(response: LightMyRequestResponse): Dictionary {
  const body = bdecode(response.rawPayload)
  if (!(body instanceof Map)) throw new TypeError('the body is no dictionary')
  return body
}

/** Announces, and decodes the answer. */
export async function announce(
  app: FastifyInstance,
  changes: Record<string, string | null> = {},
  remoteAddress = '192.0.2.7',
): Promise<Dictionary> {
  return decode(await app.inject({ url: announceTarget(changes), remoteAddress }))
}

/** The `failure reason` of an answer, undefined when it is a success. */
export function failureReason(response: LightMyRequestResponse): string | undefined {
  return decode(response).get('failure reason') as string | undefined
}
