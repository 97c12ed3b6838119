import fastifyJwt from '@fastify/jwt'
import { trackerCore } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { jwtApproval, type JwtApprovalOptions } from '@chihaya/middleware-jwt'
import { memoryStorage } from '@chihaya/storage-memory'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { AUDIENCE, EC, ISSUER, RSA, token } from './tokens.ts'

const options = (keys: string): JwtApprovalOptions => ({ issuer: ISSUER, audience: AUDIENCE, keys })

/** Whether a scope approves a token. */
async function approves(scope: FastifyInstance, jwt: string | undefined): Promise<boolean> {
  const params = { path: '/announce', get: () => jwt, route: () => undefined }
  try {
    await announceTo(scope.tracker, sampleAnnounce({ params }))
    return true
  } catch {
    return false
  }
}

describe('the plugin', () => {
  test('affects only its scope and those below it', async () => {
    await using app = Fastify()
    app.register(memoryStorage)
    app.register(trackerCore)
    const scopes: FastifyInstance[] = []
    for (const { pem } of [RSA, EC]) {
      app.register(async (scope) => {
        scope.register(jwtApproval, options(pem))
        scope.register(async (below) => void scopes.push(below))
        scopes.push(scope)
      })
    }
    await app.ready()
    expect(await approves(app, undefined)).toBe(true)
    const [rsa, belowRsa, ec] = scopes as [FastifyInstance, FastifyInstance, FastifyInstance]
    const answers = [rsa, belowRsa, ec].map(async (scope) => [
      await approves(scope, token()),
      await approves(scope, token({}, EC)),
    ])
    expect(await Promise.all(answers)).toEqual([
      [true, false],
      [true, false],
      [false, true],
    ])
  })

  test('asks for every token it is registered for', async () => {
    await using app = Fastify()
    await app.register(memoryStorage)
    await app.register(trackerCore)
    await app.register(jwtApproval, options(RSA.pem))
    await app.register(jwtApproval, { ...options(RSA.pem), audience: 'https://other.example' })
    await app.ready()
    expect(await approves(app, token())).toBe(false)
    expect(await approves(app, token({ aud: [AUDIENCE, 'https://other.example'] }))).toBe(true)
  })

  test("does not affect the application's own use of @fastify/jwt", async () => {
    await using app = Fastify()
    await app.register(fastifyJwt, { secret: 'a secret of the application' })
    const own = app.jwt
    await app.register(memoryStorage)
    await app.register(trackerCore)
    await app.register(jwtApproval, options(RSA.pem))
    app.get('/', (request) => request.jwtVerify())
    await app.ready()
    expect(app.jwt).toBe(own)
    expect(Object.keys(app.jwt)).not.toContain('chihaya')
    const headers = { authorization: `Bearer ${app.jwt.sign({ user: 1 })}` }
    expect((await app.inject({ url: '/', headers })).json()).toMatchObject({ user: 1 })
    expect(await approves(app, token())).toBe(true)
    expect(await approves(app, app.jwt.sign({ user: 1 }))).toBe(false)
  })

  test('adds nothing to an application that does not', async () => {
    await using app = Fastify()
    await app.register(memoryStorage)
    await app.register(trackerCore)
    await app.register(jwtApproval, options(RSA.pem))
    await app.ready()
    expect([
      app.hasDecorator('jwt'),
      app.hasRequestDecorator('user'),
      app.hasRequestDecorator('jwtVerify'),
    ]).toEqual([false, false, false])
  })

  test('needs a tracker', async () => {
    await using app = Fastify()
    await expect(async () => app.register(jwtApproval, options(RSA.pem))).rejects.toThrow(
      '@chihaya/core',
    )
  })
})
