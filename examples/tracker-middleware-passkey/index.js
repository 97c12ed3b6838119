// Serves whoever announces to an address with a passkey in it: /PASSKEY/announce or
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
      description: 'The passkeys of those who may use the tracker.',
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

async function plugin(fastify, given) {
  const { passkeys } = parseOptions(NAME, optionsSchema, given)
  // Digests take the same time to look up whichever character of a passkey is wrong.
  const known = new Set(passkeys.map(digest))

  const check = ({ params }) => {
    const passkey = passkeyIn(params)
    if (passkey === undefined || !known.has(digest(passkey))) throw UNKNOWN
  }
  fastify.tracker.addHook('preAnnounce', check)
  fastify.tracker.addHook('preScrape', check)
}

function passkeyIn(params) {
  // Over UDP there are no routes, so there the path is read (BEP 41).
  return (
    params.route('passkey') ?? params.get('passkey') ?? /^\/(\w+)\/announce$/.exec(params.path)?.[1]
  )
}

function digest(passkey) {
  return createHash('sha256').update(passkey).digest('base64')
}

export default fp(plugin, { name: NAME, fastify: '5.x', dependencies: ['@chihaya/core'] })
