import type { AnnounceRequest } from '@chihaya/bittorrent'
import { parseOptions, type PeerStore } from '@chihaya/core'
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
  const approval = new TorrentApproval(await openList(fastify, NAME, source, infoHashList), source.option === 'whitelist')
  const unapproved = refusal('unapproved torrent', options)
  // A scope may approve by several lists. The decorator is that of the first.
  if (!Object.hasOwn(fastify, 'torrentApproval')) fastify.decorate('torrentApproval', approval)
  const refuse = ({ infoHash }: AnnounceRequest): void => {
    if (!approval.has(infoHash)) throw unapproved
  }
  fastify.tracker.addHook('preAnnounce', refuse, NAME)
  fastify.tracker.addHook('preScrape', hideUnapproved(approval, fastify.getDecorator<PeerStore>('peerStore')), NAME)
}

export const torrentApproval: FastifyPluginAsync<TorrentApprovalOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
