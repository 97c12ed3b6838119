import { KeySetError } from './errors.ts'

/** A JWK set has a few hundred bytes for each key. */
export const MAX_BYTES: number = 256 * 1024
const MAX_REDIRECTS = 3

/**
 * The text behind a URL. Redirects are followed within its origin only.
 * @throws {KeySetError} for any other status than 200, and past 256 KiB; what `fetch` throws, or
 * the reason of `signal`.
 */
export async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  let at = url
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = { accept: 'application/jwk-set+json, application/json' }
    // Each answer says where the next request goes.
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
  // Leaving the loop ends the connection. What is counted is already decompressed.
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_BYTES) throw new KeySetError(`is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
