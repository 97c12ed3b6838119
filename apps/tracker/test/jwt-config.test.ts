import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')

/** A token for the torrent that `announcePath` announces. */
function token(): string {
  const claims = {
    iss: 'https://issuer.example',
    aud: 'https://tracker.example',
    exp: Math.floor(Date.now() / 1000) + 60,
    infohash: '61'.repeat(20),
  }
  const parts = [{ alg: 'EdDSA', kid: 'a key' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const input = parts.join('.')
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

/** Where the issuer publishes its key. */
async function keyServer(): Promise<string> {
  const set = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a key' }] })
  const server = createServer((_request, response) => void response.end(set))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
}

async function chihayaWith(...options: readonly string[]): Promise<Chihaya> {
  const text = `
chihaya:
  http: { addr: "127.0.0.1:0" }
  udp: { addr: "127.0.0.1:0", private_key: "a secret of mine" }
  prehooks:
  - name: jwt
    options:
${options.map((line) => `      ${line}\n`).join('')}`
  const folder = await temporaryFolder({ 'chihaya.yaml': text })
  return new Chihaya(['--config', 'chihaya.yaml', '--debug'], { cwd: folder })
}

describe('the hook jwt in a file of Chihaya', () => {
  it('approves announces by tokens', async () => {
    const chihaya = await chihayaWith(
      'issuer: "https://issuer.example"',
      'audience: "https://tracker.example"',
      `jwk_set_url: "${await keyServer()}"`,
      'jwk_set_update_interval: "5m"',
    )
    const origin = `http://127.0.0.1:${await chihaya.port('HTTP')}`
    const announce = async (query: Record<string, string>): Promise<unknown> => {
      const response = await fetch(`${origin}${announcePath(query)}`)
      return decode(new Uint8Array(await response.arrayBuffer()))
    }
    const jwt = token()
    expect(await announce({ jwt })).toMatchObject({ interval: 1800 })
    expect(await announce({})).toEqual({ 'failure reason': 'unapproved request: missing jwt' })
    expect(await announce({ jwt: 'x' })).toEqual({
      'failure reason': 'unapproved request: invalid jwt',
    })
    const reply = await announceByUdp('127.0.0.1', await chihaya.port('UDP'))
    expect(reply.subarray(8).toString()).toBe('unapproved request: missing jwt')
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stdout).not.toContain(jwt.split('.')[2])
  })

  it('reports wrong options with their place', async () => {
    const chihaya = await chihayaWith(
      'issuer: "https://issuer.example"',
      'jwk_set_ulr: "https://issuer.example/keys"',
    )
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toContain(
      'chihaya.yaml:9:7: chihaya.prehooks[0].options.jwk_set_ulr is not a known key; did you mean jwk_set_url?',
    )
    expect(chihaya.stderr).toContain('chihaya.prehooks[0].options.audience is missing')
  })

  it('prevents a start without keys', async () => {
    const chihaya = await chihayaWith(
      'issuer: a',
      'audience: b',
      'jwk_set_url: "http://127.0.0.1:1/keys"',
    )
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toMatch(
      /@chihaya\/middleware-jwt: no keys from http:\/\/127\.0\.0\.1:1\/keys: fetch failed: ./,
    )
  })
})
