import { evictRefused, parseOptions, type Announce } from '@chihaya/core'
import { onlyList, openList, refusal } from '@chihaya/core/lists'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { ClientApproval } from './client-approval.ts'
import { clientList } from './client-list.ts'
import { optionsSchema, type ClientApprovalOptions } from './options.ts'
import './augment.ts'

const NAME = '@chihaya/middleware-clientapproval'

const plugin: FastifyPluginAsync<ClientApprovalOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const source = onlyList(NAME, options)
  const list = await openList(fastify, NAME, source, clientList)
  const evict = evictRefused(fastify, NAME, { peerId: (peerId) => !approval.has(peerId) }, [list])
  const approval = new ClientApproval(list, source.option === 'whitelist', evict)
  const unapproved = refusal('unapproved client', options)
  // A scope may approve by several lists. The decorator is that of the first.
  if (!Object.hasOwn(fastify, 'clientApproval')) fastify.decorate('clientApproval', approval)
  const refuse = ({ peerId }: Announce): void => {
    if (!approval.has(peerId)) throw unapproved
  }
  fastify.tracker.addHook('preAnnounce', refuse, NAME)
}

export const clientApproval: FastifyPluginAsync<ClientApprovalOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
