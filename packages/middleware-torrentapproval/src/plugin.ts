import { evictRefused, parseOptions, type Announce } from '@chihaya/core'
import { onlyList, openList, refusal } from '@chihaya/core/lists'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { hideUnapproved } from './hide-unapproved.ts'
import { infoHashList } from './info-hash-list.ts'
import { optionsSchema, type TorrentApprovalOptions } from './options.ts'
import { TorrentApproval } from './torrent-approval.ts'
import './augment.ts'

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
  // A scope may approve by several lists. The decorator is that of the first.
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
