import { ipApproval } from './plugin.ts'
import './augment.ts'

export default ipApproval
export { ipApproval }
export type { IpApproval } from './ip-approval.ts'
export { optionsSchema, type IpApprovalOptions } from './options.ts'
