import { createHmac, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { toHex, type InfoHash } from '@chihaya/bittorrent'
import { sampleInfoHash } from '@chihaya/core/testing'

export const ISSUER = 'https://registry.example'
export const AUDIENCE = 'https://tracker.example/announce'
export const TORRENT: InfoHash = sampleInfoHash(1)
export const OTHER_TORRENT: InfoHash = sampleInfoHash(2)

export interface TestKey {
  readonly alg: string
  readonly kid: string
  readonly privateKey: KeyObject
  readonly pem: string
  /** The public half as the issuer publishes it. */
  readonly jwk: JsonWebKey
}

type KeyType = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

export function testKey(alg: KeyType, kid: string, bits = 2048): TestKey {
  const { privateKey, publicKey } = keyPair(alg, bits)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  return {
    alg,
    kid,
    privateKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    jwk,
  }
}

function keyPair(alg: KeyType, bits: number): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  const namedCurve = CURVES[alg]
  return namedCurve === undefined
    ? generateKeyPairSync('rsa', { modulusLength: bits })
    : generateKeyPairSync('ec', { namedCurve })
}

export const RSA: TestKey = testKey('RS256', 'rsa')
export const EC: TestKey = testKey('ES256', 'ec')
export const ED: TestKey = testKey('EdDSA', 'ed')

/** Seconds since 1970, with an offset. */
export function seconds(offset = 0): number {
  return Math.floor(Date.now() / 1000) + offset
}

/** The claims of a good token with `changes`; undefined leaves a claim out. */
export function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { iss: ISSUER, aud: AUDIENCE, exp: seconds(600), infohash: toHex(TORRENT), ...changes }
}

/** A token of these claims, signed by `key`, with `header` beside its algorithm and kid. */
export function token(
  changes: Readonly<Record<string, unknown>> = {},
  key: TestKey = RSA,
  header: Readonly<Record<string, unknown>> = {},
): string {
  return rawToken(JSON.stringify(claims(changes)), key, header)
}

/** A signed token with this text for a payload. */
export function rawToken(
  payload: string,
  key: TestKey = RSA,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const [first] = signingInput({ alg: key.alg, typ: 'JWT', kid: key.kid, ...header }, {}).split('.')
  const input = `${first}.${Buffer.from(payload).toString('base64url')}`
  return `${input}.${signature(input, key).toString('base64url')}`
}

/** A token whose signature is an HMAC. */
export function hmacToken(secret: string, header: Readonly<Record<string, unknown>>): string {
  const input = signingInput({ alg: 'HS256', ...header }, claims())
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export function signingInput(header: unknown, payload: unknown): string {
  return [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

function signature(input: string, { alg, privateKey }: TestKey): Buffer {
  const bytes = Buffer.from(input)
  if (alg === 'EdDSA') return sign(null, bytes, privateKey)
  const digest = `sha${alg.slice(2)}`
  if (alg.startsWith('ES'))
    return sign(digest, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return sign(
    digest,
    bytes,
    alg.startsWith('PS') ? { key: privateKey, padding: 6, saltLength: 32 } : privateKey,
  )
}
