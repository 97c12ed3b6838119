import { generateKeyPairSync, sign } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { startRedis } from './redis-process.ts'
import { formsOf, leaksIn } from './secret.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

const PASSWORD = 'redis-Password/+1'
const CONFIGURED = {
  password: PASSWORD,
  privateKey: 'udp-Private-key-1',
  keysQuery: 'jwks-Query-secret-1',
}
const SENT = {
  passkey: '0123456789abcdef0123456789abcdef',
  badPath: 'path-Secret-1',
  query: 'query-Secret-1',
  key: 'peer-Key-1',
  peerId: '-XX0001-hushhushhush',
  infoHash: 'infohash-Secret-1234',
  header: 'header-Secret-1',
  authorization: 'authorization-Secret-1',
  garbage: 'garbage-Secret-1',
  forged: 'forged-token-Secret-1',
}
const { privateKey, publicKey } = generateKeyPairSync('ed25519')

// A fault in the operator's code, with the whole request attached. Fastify logs it.
const FAULTY = `export default async (fastify) => {
  fastify.addHook('onRequest', async (request) => {
    if (request.headers['x-fault']) throw Object.assign(new Error('a fault'), { request: request.raw.url, headers: request.headers })
  })
  fastify.tracker.addHook('preAnnounce', (announce) => {
    if (announce.port === 6666) throw Object.assign(new Error('another fault'), { announce })
  })
}`

function token(claims: object = {}): string {
  const all = {
    iss: 'https://issuer.example',
    aud: 'https://tracker.example',
    exp: Math.floor(Date.now() / 1000) + 60,
    infohash: Buffer.from(SENT.infoHash).toString('hex'),
    ...claims,
  }
  const parts = [{ alg: 'EdDSA', kid: 'a key' }, all].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const input = parts.join('.')
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

/** Publishes the key, until the test breaks it. */
async function keyServer(): Promise<{ url: string; fail: () => void }> {
  const set = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a key' }] })
  let broken = false
  const server = createServer(
    (_request, response) => void response.end(broken ? 'no set of keys' : set),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?token=${CONFIGURED.keysQuery}`
  return { url, fail: () => (broken = true) }
}

async function chihayaWith(
  flags: readonly string[],
  redisPort: number,
  keys: string,
  password = PASSWORD,
): Promise<Chihaya> {
  const folder = await temporaryFolder({
    'faulty.mjs': FAULTY,
    'chihaya.yaml': `
chihaya:
  http: { addr: "127.0.0.1:0", announce_routes: [/announce, "/:passkey/announce"], scrape_routes: [/scrape, "/:passkey/scrape"] }
  udp: { addr: "127.0.0.1:0", private_key: "${CONFIGURED.privateKey}" }
  storage:
    name: redis
    config: { redis_broker: "redis://${encodeURIComponent(password)}@127.0.0.1:${redisPort}/0" }
  prehooks:
  - name: ./faulty.mjs
  - name: jwt
    options:
      issuer: "https://issuer.example"
      audience: "https://tracker.example"
      jwk_set_url: "${keys}"
      jwk_set_update_interval: 1s
`,
  })
  return new Chihaya(['--config', 'chihaya.yaml', ...flags], { cwd: folder })
}

/** Sends bytes over TCP and waits for the other side to end. */
async function raw(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  socket.end(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
}

/** Valid and invalid requests of every kind, over HTTP. */
async function useHttp(port: number, jwt: string): Promise<void> {
  const query = {
    info_hash: SENT.infoHash,
    peer_id: SENT.peerId,
    key: SENT.key,
    secret: SENT.query,
  }
  const headers = {
    'user-agent': SENT.header,
    cookie: SENT.header,
    authorization: `Bearer ${SENT.authorization}`,
  }
  const scrape = `scrape?info_hash=${SENT.infoHash}&jwt=${jwt}&x=${SENT.query}`
  const targets = [
    ...['/announce', `/${SENT.passkey}/announce`, `/${SENT.badPath}/nowhere`].flatMap((path) => [
      announcePath({ ...query, jwt }, path),
      announcePath({ ...query, jwt: `${jwt.slice(0, -4)}AAAA` }, path),
      announcePath({ ...query, jwt: SENT.forged }, path),
      announcePath({ ...query, jwt, port: SENT.query }, path),
      announcePath({ ...query, jwt, port: 6666 }, path),
      announcePath({ ...query, jwt, ip: SENT.query }, path),
      announcePath({ ...query, jwt, info_hash: SENT.query }, path),
      announcePath(query, path),
    ]),
    `/${scrape}`,
    `/${SENT.passkey}/${scrape}`,
    `/scrape?info_hash=${SENT.query}`,
    `/${SENT.badPath}/%FF/announce?secret=${SENT.query}`,
    `/announce?secret=${SENT.query}&info_hash=%zz`,
    `/${SENT.badPath.repeat(400)}/announce?secret=${SENT.query}`,
  ]
  for (const target of targets) {
    for (const fault of [{}, { 'x-fault': SENT.header }]) {
      // oxlint-disable-next-line no-await-in-loop
      await (
        await fetch(`http://127.0.0.1:${port}${target}`, { headers: { ...headers, ...fault } })
      ).arrayBuffer()
    }
  }
  const body = `X-Secret: ${SENT.garbage}\r\n\r\n`
  await raw(port, `GET /announce?secret=${SENT.query} HTTP/1.1\nHost: x\r\n${body}`)
  await raw(port, `${SENT.garbage} /announce?secret=${SENT.query} HTTP/9.9\r\n${body}`)
  await raw(
    port,
    `POST /announce?secret=${SENT.query} HTTP/1.1\r\nContent-Length: 17\r\n\r\n${SENT.garbage}`,
  )
  await raw(port, `GET /announce?secret=${SENT.query.repeat(2000)} HTTP/1.1\r\n${body}`)
  await raw(
    port,
    `GET /announce?${SENT.query}=\u00ff\u001b[2J HTTP/1.1\r\nUser-Agent: \u001b[31m${SENT.header}\r\n${body}`,
  )
}

/** Valid and invalid requests of every kind, over UDP. */
async function useUdp(port: number, jwt: string): Promise<void> {
  for (const url of [
    `/announce?jwt=${jwt}`,
    `/${SENT.passkey}/announce?jwt=${SENT.forged}`,
    `/announce?jwt=${SENT.query}%zz`,
  ]) {
    // oxlint-disable-next-line no-await-in-loop
    await announceByUdp('127.0.0.1', port, 6881, url)
    // oxlint-disable-next-line no-await-in-loop
    await announceByUdp('127.0.0.1', port, 6666, url)
  }
  const socket = createSocket('udp4').on('error', () => undefined)
  const announce = Buffer.concat([Buffer.alloc(98), Buffer.from(SENT.garbage)])
  for (let action = 0; action < 6; action++) {
    announce.writeUInt32BE(action, 8)
    socket.send(announce, port, '127.0.0.1')
    socket.send(Buffer.from(SENT.garbage), port, '127.0.0.1')
  }
  // The reply to the last announce arrives after all others.
  await announceByUdp('127.0.0.1', port, 6881, `/announce?jwt=${SENT.forged}`)
  socket.close()
}

describe('the log at its most verbose', () => {
  it.each([[['--debug']], [['--debug', '--json']], [['--debug', '--nocolors']]])(
    'holds no secret, with %j',
    async (flags) => {
      const redis = await startRedis(PASSWORD)
      const keys = await keyServer()
      const chihaya = await chihayaWith(flags, redis.port, keys.url)
      const [http, udp] = [await chihaya.port('HTTP'), await chihaya.port('UDP')]
      const jwt = token()
      await useHttp(http, jwt)
      await useUdp(udp, jwt)
      keys.fail()
      await redis.kill()
      await useHttp(http, jwt)
      await useUdp(udp, jwt)
      await chihaya.line(/the keys of tokens were not updated/)
      chihaya.signal('SIGTERM')
      expect(await chihaya.exitCode()).toBe(0)

      const output = chihaya.stdout + chihaya.stderr
      // Shows that the log was written.
      for (const said of ['a fault', 'another fault', 'a token was refused', 'Redis at 127.0.0.1'])
        expect(output).toContain(said)
      const [header, payload, signature] = jwt.split('.') as [string, string, string]
      expect(leaksIn(output, { ...CONFIGURED, ...SENT, header, payload, signature })).toEqual([])
      expect(output).not.toMatch(/[?&]\w+=|info_hash=|peer_id=/)
      // oxlint-disable-next-line no-control-regex -- a terminal would obey these
      expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    },
  )

  it('holds neither a password that Redis refuses, nor its URL', async () => {
    const redis = await startRedis('another password')
    const keys = await keyServer()
    const chihaya = await chihayaWith(['--debug'], redis.port, keys.url)
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toMatch(/Redis/)
    expect(leaksIn(chihaya.stdout + chihaya.stderr, CONFIGURED)).toEqual([])
  })

  it.each([
    'redis://hush hush@[::1/0',
    'postgres://user:hush@127.0.0.1/0',
    'redis://user:hush@127.0.0.1/zero',
  ])('holds nothing of an invalid URL: %s', async (url) => {
    const text = `chihaya: { http: { addr: "127.0.0.1:0" }, storage: { name: redis, config: { redis_broker: "${url}" } } }`
    const chihaya = new Chihaya(['--config', 'c.yaml', '--debug'], {
      cwd: await temporaryFolder({ 'c.yaml': text }),
    })
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).not.toBe('')
    expect(leaksIn(chihaya.stdout + chihaya.stderr, { hush: 'hush' })).toEqual([])
  })
})

it('a secret is found in every form', () => {
  const secret = 'p\u00e9er/+ 1\n'
  for (const form of formsOf(secret)) expect(leaksIn(`x ${form} y`, { secret })).toEqual(['secret'])
  for (const around of ['', 'a', 'ab', 'abc']) {
    const base64 = Buffer.from(`${around}${secret}${around}`, 'latin1').toString('base64')
    expect(leaksIn(base64, { secret })).toEqual(['secret'])
  }
  expect(leaksIn('x', { secret })).toEqual([])
})
