import { setImmediate as turn } from 'node:timers/promises'
import { bdecode, bencode, type Bdecoded } from '@chihaya/bittorrent'
import core, { type PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import {
  bencodedErrorHandler,
  bencodedNotFoundHandler,
  httpFrontend,
  recommendedServerOptions,
} from '@chihaya/http-frontend'
import Fastify from 'fastify'
import { check, type Target } from '../target.ts'

const HASH = '%A2%A1U7T%2B%22%92Z%D1%04%86%BFz%8B%2A%9CB%F0%D1'
const ANNOUNCE = `/announce?info_hash=${HASH}&peer_id=-TS0001-abcdefghijkl&port=6881&left=1000`
const TARGETS = [
  ANNOUNCE,
  `/scrape?info_hash=${HASH}`,
  `&info_hash=${HASH}`,
  'http://host',
  '/scrape',
  '/x/announce',
  '//',
  '\n',
]
const PARAMETERS = [
  'compact',
  'no_peer_id',
  'numwant',
  'event',
  'key',
  'ip',
  'ipv4',
  'ipv6',
  'port',
  'cryptoport',
  'left',
].map((name) => `&${name}=`)
const VALUES = [
  '0',
  '1',
  'stopped',
  'completed',
  'paused',
  '10.0.0.1',
  '8.8.8.8',
  '[2001:db8::7]:6881',
  '2001:4860::8',
]
const SIGNS = ['&', ';', '=', '%', '%00', '%2f', '?', '#', ', ', ',']

let store = newStore()
let requestTarget = ''

/** Serves each input from an empty store. */
const freshStore: PeerStore = {
  announce: (announce, answer) => store.announce(announce, answer),
  scrape: (scrape, answer) => store.scrape(scrape, answer),
  stats: () => store.stats(),
}

const app = Fastify({
  ...recommendedServerOptions,
  // light-my-request would normalise the target.
  rewriteUrl: () => requestTarget,
})
app.decorate('peerStore', freshStore)
app.setErrorHandler(bencodedErrorHandler)
app.setNotFoundHandler(bencodedNotFoundHandler)
await app.register(core)
await app.register(httpFrontend, {
  announceRoutes: ['/announce', '/:passkey/announce'],
  realIpHeader: 'x-forwarded-for',
  allowIpSpoofing: true,
})
await app.ready()

/** Any target, with any `X-Forwarded-For`, gets an answer in canonical bencode without a fault. */
export const target: Target = {
  maxLength: 8192,
  tokens: [...TARGETS, ...PARAMETERS, ...VALUES, ...SIGNS],
  async run(input) {
    const [line = '', header] = Buffer.from(input).toString('latin1').split('\n', 2)
    store = newStore()
    requestTarget = line.replaceAll(/[^\x21-\x7e]/g, '')
    const response = await app.inject({
      url: '/',
      remoteAddress: '10.0.0.5',
      headers:
        header === undefined
          ? {}
          : { 'x-forwarded-for': header.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '') },
    })
    // The request is released in a later turn, which this loop would never reach.
    await turn()
    const { statusCode, rawPayload: body } = response
    check([200, 400, 404, 414].includes(statusCode), 'a request gets an unexpected status')
    check(
      response.headers['content-length'] === String(body.length),
      'content-length does not match the body',
    )
    const answer = decode(body)
    check(bencode(answer).equals(body), 'an answer is not canonical bencode')
    const failure = answer.get('failure reason')
    check(failure !== 'internal server error', 'a request causes an internal server error')
    if (failure === undefined) checkSuccess(answer)
    else
      check(
        answer.size === 1 && typeof failure === 'string' && failure.length <= 100,
        'a refusal has more than a short text',
      )
  },
}

function decode(body: Uint8Array): Map<string, Bdecoded> {
  const answer = bdecode(body)
  check(answer instanceof Map, 'an answer is not a dictionary')
  return answer
}

function checkSuccess(answer: Map<string, Bdecoded>): void {
  if (answer.has('files')) return
  const { length } = answer.get('external ip') as string
  check(length === 4 || length === 16, 'the external ip has a wrong length')
  check(answer.has('peers'), 'the answer to an announce has no peers')
  const [peers, peers6] = [answer.get('peers'), answer.get('peers6')]
  if (typeof peers === 'string')
    check(peers.length % 6 === 0, 'compact peers are not multiples of 6 bytes')
  if (typeof peers6 === 'string')
    check(peers6.length % 18 === 0, 'compact IPv6 peers are not multiples of 18 bytes')
}

function newStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
}
