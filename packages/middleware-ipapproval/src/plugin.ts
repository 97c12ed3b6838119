import type { Address } from '@chihaya/bittorrent'
import { evictRefused, parseOptions } from '@chihaya/core'
import { blacklistOf, hasWhitelist, openList, refusal, whitelistOf } from '@chihaya/core/lists'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { IpApproval } from './ip-approval.ts'
import { networkList } from './network-list.ts'
import { optionsSchema, type IpApprovalOptions } from './options.ts'
import './augment.ts'

const NAME = '@chihaya/middleware-ipapproval'

const plugin: FastifyPluginAsync<IpApprovalOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const whitelist = await openList(fastify, NAME, whitelistOf(options), networkList)
  const blacklist = await openList(fastify, NAME, blacklistOf(options), networkList)
  const evict = evictRefused(fastify, NAME, { address: (address) => !approval.has(address) }, [
    whitelist,
    blacklist,
  ])
  const approval = new IpApproval(
    { whitelist, blacklist, approvesOthers: !hasWhitelist(options) },
    evict,
  )
  const unapproved = refusal('unapproved address', options)
  // A scope may approve by several lists. The decorator is that of the first.
  if (!Object.hasOwn(fastify, 'ipApproval')) fastify.decorate('ipApproval', approval)
  // Of the two addresses of one peer (BEP 7) neither may smuggle in the other.
  const refuse = ({
    address,
    otherAddress,
  }: {
    readonly address: Address
    readonly otherAddress?: Address | undefined
  }): void => {
    if (!approval.has(address) || (otherAddress !== undefined && !approval.has(otherAddress)))
      throw unapproved
  }
  fastify.tracker.addHook('preAnnounce', refuse, NAME)
  fastify.tracker.addHook('preScrape', refuse, NAME)
}

export const ipApproval: FastifyPluginAsync<IpApprovalOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
