import { evictRefused, parseOptions, type Announce, type OptionsSchema } from '@chihaya/core'
import {
  listOptionSchemas,
  onlyList,
  openList,
  refusal,
  type ListOptions,
} from '@chihaya/core/lists'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { infoHashList } from './info-hash-list.ts'
import { hideUnapproved, TorrentApproval } from './torrent-approval.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The torrents that this scope approves. They may change at any time. */
    torrentApproval: TorrentApproval
  }
}

/** Entries are infohashes in hex: 40 digits, or the 64 of a v2 torrent (BEP 52). */
export type TorrentApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<TorrentApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: '^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$',
    examples: ['3532cf2d327fad8448c075b4cb42c8136964a435'],
  }),
}

const NAME = '@chihaya/middleware-torrentapproval'

const plugin: FastifyPluginAsync<TorrentApprovalOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const source = onlyList(NAME, options)
  const list = await openList(fastify, NAME, source, infoHashList)
  const evict = evictRefused(fastify, NAME, { infoHash: (infoHash) => !approval.has(infoHash) }, [
    list,
  ])
  const approval = new TorrentApproval(list, source.option === 'whitelist', evict)
  const unapproved = refusal('unapproved torrent', options)
  // With several lists in a scope, the decorator belongs to the first.
  if (!Object.hasOwn(fastify, 'torrentApproval')) fastify.decorate('torrentApproval', approval)
  const refuse = ({ infoHash }: Announce): void => {
    if (!approval.has(infoHash)) throw unapproved
  }
  fastify.tracker.addHook('preAnnounce', refuse, NAME)
  fastify.tracker.addHook('onScrape', hideUnapproved(approval), NAME)
}

export const torrentApproval: FastifyPluginAsync<TorrentApprovalOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})

export default torrentApproval
export type { TorrentApproval }
