import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UrlDataParams } from '@chihaya/bittorrent'
import core from '@chihaya/core'
import { announceTo, ModelPeerStore, sampleAnnounce } from '@chihaya/core/testing'
import { httpFrontend } from '@chihaya/http-frontend'
import Fastify from 'fastify'
import passkey from './index.js'

const KEY = '0123456789abcdef0123456789abcdef'
const ANNOUNCE = 'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port=6881&left=0'

/** A tracker with the middleware. */
function trackerApp() {
  const app = Fastify()
  app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
  app.register(core)
  app.register(passkey, { passkeys: [KEY] })
  app.register(httpFrontend, { announceRoutes: ['/announce', '/:passkey/announce'] })
  return app
}

test('HTTP clients send the passkey in the path or in the query', async () => {
  const app = trackerApp()
  for (const url of [`/${KEY}/announce?${ANNOUNCE}`, `/announce?passkey=${KEY}&${ANNOUNCE}`]) {
    assert.match((await app.inject(url)).body, /8:intervali1800e/)
  }
  for (const url of [`/${KEY.replace('0', '1')}/announce?${ANNOUNCE}`, `/announce?${ANNOUNCE}`]) {
    assert.equal(
      (await app.inject(url)).body,
      'd14:failure reason15:unknown passkey8:retry in5:nevere',
    )
  }
  await app.close()
})

test('UDP clients send it in the URL of the announce', async () => {
  const app = trackerApp()
  await app.ready()
  const announce = async (url) =>
    announceTo(app.tracker, sampleAnnounce({ params: new UrlDataParams(url) }))
  assert.equal((await announce(`/${KEY}/announce`)).interval, 1800)
  await assert.rejects(announce('/announce'), { message: 'unknown passkey' })
  await app.close()
})

test('errors name wrong options, but no passkeys', async () => {
  const app = Fastify()
  app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
  app.register(core)
  app.register(passkey, { passkeys: ['too short'] })
  const message =
    'tracker-middleware-passkey: options/passkeys/0 must be written like 32 hex digits'
  await assert.rejects(async () => app.ready(), { code: 'TRK_ERR_OPTIONS', message })
})
