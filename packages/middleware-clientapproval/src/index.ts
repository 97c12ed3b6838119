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
import { ClientApproval, clientList } from './client-approval.ts'
import { ENTRY_EXAMPLES, ENTRY_PATTERN } from './client-entry.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The clients that this scope approves. They may change at any time. */
    clientApproval: ClientApproval
  }
}

/**
 * Entries are client ids (`TR2940`), prefixes of client ids (`TR29*`) or peer ids (`-TR*`), and
 * versions (`qB >= 4.4`).
 */
export type ClientApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<ClientApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: ENTRY_PATTERN,
    examples: ENTRY_EXAMPLES,
  }),
}

const NAME = '@chihaya/middleware-clientapproval'

const plugin: FastifyPluginAsync<ClientApprovalOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const source = onlyList(NAME, options)
  const list = await openList(fastify, NAME, source, clientList)
  const evict = evictRefused(fastify, NAME, { peerId: (peerId) => !approval.has(peerId) }, [list])
  const approval = new ClientApproval(list, source.option === 'whitelist', evict)
  const unapproved = refusal('unapproved client', options)
  // With several lists in a scope, the decorator belongs to the first.
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

export default clientApproval
export type { ClientApproval }
