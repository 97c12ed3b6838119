import { trackerPlugin } from './plugin.ts'

export default trackerPlugin
export { trackerPlugin }
export {
  optionsSchema,
  type InlineHooks,
  type PluginChoice,
  type TrackerOptions,
} from './options.ts'
