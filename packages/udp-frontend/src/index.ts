import { udpFrontend } from './plugin.ts'
import './augment.ts'

export default udpFrontend
export { udpFrontend }
export type { UdpTracker } from './frontend.ts'
export { optionsSchema, type ListenAddress, type UdpFrontendOptions } from './options.ts'
