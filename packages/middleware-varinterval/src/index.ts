import { parseOptions } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import {
  IntervalVariation,
  optionsSchema,
  type IntervalVariationOptions,
} from './interval-variation.ts'

const NAME = '@chihaya/middleware-varinterval'

const plugin: FastifyPluginAsync<IntervalVariationOptions> = async (fastify, given) => {
  const variation = new IntervalVariation(parseOptions(NAME, optionsSchema, given))
  fastify.tracker.addHook('preAnnounce', (_announce, answer) => variation.vary(answer), NAME)
}

export const intervalVariation: FastifyPluginAsync<IntervalVariationOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})

export default intervalVariation
export { IntervalVariation, type Intervals } from './interval-variation.ts'
export { optionsSchema, type IntervalVariationOptions }
