// Reports announces to another server, after the reply. Errors are only logged.
import { formatAddress, toHex } from '@chihaya/bittorrent'
import { durationSchema, parseDuration, parseOptions } from '@chihaya/core'
import fp from 'fastify-plugin'

const NAME = 'tracker-middleware-webhook'

export const optionsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: {
      description: 'The URL to POST to.',
      type: 'string',
      pattern: '^https?://',
      examples: ['https://example.org/hook'],
    },
    events: {
      description: 'The events to report.',
      type: 'array',
      items: { enum: ['none', 'started', 'completed', 'stopped', 'paused'] },
      default: ['completed'],
    },
    timeout: durationSchema('How long the other server may take to answer.', '5s'),
  },
}

async function plugin(fastify, options) {
  const { url, events, timeout } = parseOptions(NAME, optionsSchema, options)

  fastify.tracker.addHook('postAnnounce', (announce, answer) => {
    if (!events.includes(announce.event)) return
    return post(url, parseDuration(timeout), {
      event: announce.event,
      infoHash: toHex(announce.infoHash),
      peerId: toHex(announce.peerId),
      address: formatAddress(announce.address),
      port: announce.port,
      uploaded: String(announce.uploaded),
      downloaded: String(announce.downloaded),
      seeders: answer.complete,
      leechers: answer.incomplete,
    })
  })
}

async function post(url, timeout, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  })
  // An unread body keeps its connection busy.
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`)
}

export default fp(plugin, { name: NAME, fastify: '5.x', dependencies: ['@chihaya/core'] })
