import { clientApproval } from './plugin.ts'
import './augment.ts'

export default clientApproval
export { clientApproval }
export type { ClientApproval } from './client-approval.ts'
export { optionsSchema, type ClientApprovalOptions } from './options.ts'
