import { intervalVariation } from './plugin.ts'

export default intervalVariation
export { intervalVariation }
export { IntervalVariation, type Intervals } from './interval-variation.ts'
export { optionsSchema, type IntervalVariationOptions } from './options.ts'
