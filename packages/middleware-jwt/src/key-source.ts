import { open } from 'node:fs/promises'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { TRK_ERR_OPTIONS } from '@chihaya/core'
import type { Algorithm } from './algorithm.ts'
import { KeySetError } from './errors.ts'
import { readJwkSet, readKeys, type KeySet } from './key-set.ts'
import { NAME, type JwtApprovalOptions } from './options.ts'

/** A JWK set has a few hundred bytes per key. */
const MAX_BYTES = 256 * 1024
const MAX_REDIRECTS = 3

/** A source of keys. */
export interface KeySource {
  /** For logs and errors, without the query of a URL, which may be secret. */
  readonly place: string
  /** Equal for sources of the same keys. Absent if keys never change. */
  readonly id?: string
  /** False if keys never change. */
  readonly updates: boolean
  /** @throws {KeySetError}, or errors of the system or `fetch`, until `signal` aborts. */
  load(signal: AbortSignal): Promise<KeySet>
}

/** @throws TRK_ERR_OPTIONS unless the options name exactly one source, and a safe one. */
export function keySource(options: Required<JwtApprovalOptions>): KeySource {
  const { jwkSetUrl, keys, keyFile, algorithms, allowHttp } = options
  if ([jwkSetUrl, keys, keyFile].filter((source) => source !== undefined).length !== 1) {
    throw new TRK_ERR_OPTIONS(NAME, 'options must have one of jwkSetUrl, keys and keyFile')
  }
  if (jwkSetUrl !== undefined) return urlSource(jwkSetUrl, allowHttp, algorithms)
  if (keyFile !== undefined) return fileSource(keyFile, algorithms)
  const set = keys as NonNullable<JwtApprovalOptions['keys']>
  const load = async (): Promise<KeySet> =>
    typeof set === 'string' ? readKeys(set, algorithms) : readJwkSet(set, algorithms)
  return { place: 'the option keys', updates: false, load }
}

function urlSource(text: string, allowHttp: boolean, algorithms: readonly Algorithm[]): KeySource {
  if (!URL.canParse(text)) throw new TRK_ERR_OPTIONS(NAME, 'options/jwkSetUrl must be a URL')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    throw new TRK_ERR_OPTIONS(NAME, 'options/jwkSetUrl must not have a password')
  if (url.protocol !== 'https:' && !allowHttp && !isLoopback(url.hostname)) {
    throw new TRK_ERR_OPTIONS(
      NAME,
      'options/jwkSetUrl must begin with https://, unless allowHttp is set',
    )
  }
  return {
    place: url.origin + url.pathname,
    id: `${url.href} ${algorithms.join(' ')}`,
    updates: true,
    load: async (signal) => readKeys(await fetchText(url, signal), algorithms),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'))
}

function fileSource(path: string, algorithms: readonly Algorithm[]): KeySource {
  const id = `${resolve(path)} ${algorithms.join(' ')}`
  return {
    place: path,
    id,
    updates: true,
    load: async () => readKeys(await readText(path), algorithms),
  }
}

async function readText(path: string): Promise<string> {
  const file = await open(path)
  try {
    // One more byte detects a longer file.
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_BYTES + 1) })
    if (bytesRead > MAX_BYTES) throw new KeySetError(`is larger than ${MAX_BYTES} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/**
 * Fetches the text at a URL. Follows redirects only within its origin.
 * @throws {KeySetError} for a status other than 200 and for more than 256 KiB; errors of `fetch`;
 * the reason of `signal`.
 */
async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  let at = url
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = { accept: 'application/jwk-set+json, application/json' }
    // Each answer tells where the next request goes.
    // oxlint-disable-next-line no-await-in-loop
    const response = await fetch(at, { redirect: 'manual', signal, headers })
    const location =
      response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    // oxlint-disable-next-line no-await-in-loop
    if (location === null) return await readBody(response)
    // oxlint-disable-next-line no-await-in-loop
    await response.body?.cancel()
    const target = URL.canParse(location, at.href) ? new URL(location, at) : undefined
    if (target?.origin !== url.origin) throw new KeySetError('redirects to another host')
    at = target
  }
  throw new KeySetError(`redirects more than ${MAX_REDIRECTS} times`)
}

async function readBody(response: Response): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new KeySetError(`answered HTTP ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop closes the connection. The chunks are decompressed already.
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_BYTES) throw new KeySetError(`is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
