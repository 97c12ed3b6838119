import type { Address } from '@chihaya/bittorrent'
import { evictRefused, parseOptions, type OptionsSchema } from '@chihaya/core'
import {
  blacklistOf,
  hasWhitelist,
  listOptionSchemas,
  openList,
  refusal,
  whitelistOf,
  type ListOptions,
} from '@chihaya/core/lists'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { IpApproval } from './ip-approval.ts'
import { networkList } from './network-list.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The addresses that this scope approves. They may change at any time. */
    ipApproval: IpApproval
  }
}

/**
 * Entries are addresses (`192.0.2.7`), CIDR ranges (`2001:db8::/32`) and ranges
 * (`192.0.2.1-192.0.2.99`). With both lists, the closest entry decides.
 */
export type IpApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<IpApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3}| *- *[0-9A-Fa-f:.]+)?$',
    examples: ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1-192.0.2.99'],
  }),
}

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
  // With several lists in a scope, the decorator belongs to the first.
  if (!Object.hasOwn(fastify, 'ipApproval')) fastify.decorate('ipApproval', approval)
  // Both addresses of a peer (BEP 7) must be approved.
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

export default ipApproval
export type { IpApproval }
