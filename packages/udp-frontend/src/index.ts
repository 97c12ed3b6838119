import { udpFrontend } from './plugin.ts'
import './augment.ts'

export default udpFrontend
export { udpFrontend }
export type { UdpTracker } from './frontend.ts'
export type { Handover } from '@chihaya/core'
export {
  optionsSchema,
  type BadConnectionIdBan,
  type ListenAddress,
  type UdpFrontendOptions,
} from './options.ts'
