// Serves only clients with a passkey in their announce URL: /PASSKEY/announce or
// /announce?passkey=PASSKEY.
import { createHash } from 'node:crypto'
import { ClientError } from '@chihaya/bittorrent'
import { parseOptions } from '@chihaya/core'
import fp from 'fastify-plugin'

const NAME = 'tracker-middleware-passkey'
const UNKNOWN = new ClientError('unknown passkey', { retryIn: 'never' })

export const optionsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['passkeys'],
  properties: {
    passkeys: {
      description: 'Passkeys that may use the tracker.',
      type: 'array',
      items: {
        type: 'string',
        pattern: '^[0-9a-f]{32}$',
        examples: ['32 hex digits'],
        writeOnly: true,
      },
    },
  },
}

async function plugin(fastify, options) {
  const { passkeys } = parseOptions(NAME, optionsSchema, options)
  // The lookup time of a digest does not reveal which character of a passkey is wrong.
  const known = new Set(passkeys.map(digest))

  const check = ({ params }) => {
    const passkey = passkeyIn(params)
    if (passkey === undefined || !known.has(digest(passkey))) throw UNKNOWN
  }
  fastify.tracker.addHook('preAnnounce', check)
  fastify.tracker.addHook('preScrape', check)
}

function passkeyIn(params) {
  // UDP has no routes, but clients may send the path (BEP 41).
  return (
    params.route('passkey') ?? params.get('passkey') ?? /^\/(\w+)\/announce$/.exec(params.path)?.[1]
  )
}

function digest(passkey) {
  return createHash('sha256').update(passkey).digest('base64')
}

export default fp(plugin, { name: NAME, fastify: '5.x', dependencies: ['@chihaya/core'] })
