import { trackerPlugin } from './plugin/plugin.ts'

export default trackerPlugin
export { trackerPlugin }
export {
  optionsSchema,
  type InlineHooks,
  type PluginChoice,
  type TrackerOptions,
} from './plugin/options.ts'
