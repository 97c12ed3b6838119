import { open } from 'node:fs/promises'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { TRK_ERR_OPTIONS } from '@chihaya/core'
import type { Algorithm } from './algorithm.ts'
import { KeySetError } from './errors.ts'
import { fetchText, MAX_BYTES } from './fetch-text.ts'
import { readJwkSet, readKeys } from './read-keys.ts'
import type { KeySet } from './key-set.ts'
import { NAME } from './name.ts'
import type { JwtApprovalOptions } from './options.ts'

/** Where keys come from. */
export interface KeySource {
  /** For logs and errors: without what a URL may hide in its query. */
  readonly place: string
  /** The same for sources that give the same keys; absent where nothing is gained by knowing. */
  readonly id?: string
  /** False for keys that never change. */
  readonly updates: boolean
  /** @throws {KeySetError} and what the system or `fetch` throws, within the time of `signal`. */
  load(signal: AbortSignal): Promise<KeySet>
}

/** @throws TRK_ERR_OPTIONS unless exactly one source is named, and it is safe. */
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
    // One byte more tells that there is more.
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_BYTES + 1) })
    if (bytesRead > MAX_BYTES) throw new KeySetError(`is larger than ${MAX_BYTES} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
