/**
 * A process that measures what a token adds to an announce, the first time and later. Prints rows as
 * JSON.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { toHex, UrlDataParams } from '@chihaya/bittorrent'
import { Answer, trackerCore, type Tracker } from '@chihaya/core'
import { sampleAnnounce } from '@chihaya/core/testing'
import { memoryStorage } from '@chihaya/storage-memory'
// By path, as this workspace has no dependency on the package or on Fastify.
import { jwtApproval } from '../../../../packages/middleware-jwt/src/index.ts'
import { median } from '../median.ts'
import type { Row } from '../table.ts'

interface Application {
  register(plugin: unknown, options?: object): PromiseLike<unknown>
  ready(): PromiseLike<unknown>
  close(): PromiseLike<unknown>
  readonly tracker: Tracker
}

const ISSUER = 'https://registry.example'
const AUDIENCE = 'https://tracker.example/announce'
const TOKENS = 1000
const ROUNDS = 200
const TARGET = 2

const { resolve } = createRequire(
  new URL('../../../../packages/middleware-jwt/package.json', import.meta.url),
)
const { fastify } = (await import(pathToFileURL(resolve('fastify')).href)) as {
  fastify: () => Application
}

async function application(keys?: string): Promise<Application> {
  const app = fastify()
  await app.register(memoryStorage)
  await app.register(trackerCore)
  if (keys !== undefined)
    await app.register(jwtApproval, { issuer: ISSUER, audience: AUDIENCE, keys })
  await app.ready()
  return app
}

function token(alg: string, key: KeyObject, number: number): string {
  const { infoHash } = sampleAnnounce()
  const exp = Math.floor(Date.now() / 1000) + 3600
  const claims = { iss: ISSUER, aud: AUDIENCE, exp, infohash: toHex(infoHash), jti: number }
  const input = [{ alg, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${signature.toString('base64url')}`
}

/** Microseconds per announce to these URLs, parsed as a frontend parses them. */
function announceAll(app: Application, urls: readonly string[]): number {
  const answer = new Answer()
  const began = process.hrtime.bigint()
  for (const url of urls) {
    const params = new UrlDataParams(url)
    // Without the middleware, nothing else reads it.
    params.get('jwt')
    void app.tracker.announce(sampleAnnounce({ params }), answer)
  }
  return Number(process.hrtime.bigint() - began) / 1000 / urls.length
}

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
}

const rows: Row[] = []
const micros = (value: number): string => `${value.toFixed(2)} µs`
const without = await application()

for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
  const app = await application(publicKey.export({ type: 'spki', format: 'pem' }) as string)
  const urls = Array.from(
    { length: TOKENS },
    (_, number) => `/announce?jwt=${token(alg, privateKey, number)}`,
  )
  const length = (urls[0] as string).length - '/announce?jwt='.length
  announceAll(app, urls.slice(0, TOKENS / 2))
  const first = announceAll(app, urls.slice(TOKENS / 2))
  // In turn, so that other load on the machine affects both.
  const rounds = Array.from(
    { length: ROUNDS },
    () => [announceAll(without, urls), announceAll(app, urls)] as const,
  )
  const bare = median(rounds.map(([time]) => time))
  const second = median(rounds.map(([, time]) => time)) - bare
  rows.push(
    {
      what: `${alg}, ${length} bytes: announce without the middleware`,
      measured: micros(bare),
      target: '',
      met: true,
    },
    {
      what: `${alg}: added to the first announce with a token`,
      measured: micros(first - bare),
      target: '',
      met: true,
    },
    {
      what: `${alg}: added to later announces`,
      measured: micros(second),
      target: `< ${TARGET} µs`,
      met: second < TARGET,
    },
  )
  await app.close()
}
await without.close()
console.log(JSON.stringify(rows))
