import { parseOptions } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { IntervalVariation } from './interval-variation.ts'
import { optionsSchema, type IntervalVariationOptions } from './options.ts'

const NAME = '@chihaya/middleware-varinterval'

const plugin: FastifyPluginAsync<IntervalVariationOptions> = async (fastify, given) => {
  const variation = new IntervalVariation(parseOptions(NAME, optionsSchema, given))
  fastify.tracker.addHook('preAnnounce', (_request, response) => variation.vary(response), NAME)
}

export const intervalVariation: FastifyPluginAsync<IntervalVariationOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})
