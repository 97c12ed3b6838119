import { torrentApproval } from './plugin.ts'
import './augment.ts'

export default torrentApproval
export { torrentApproval }
export { optionsSchema, type TorrentApprovalOptions } from './options.ts'
export type { TorrentApproval } from './torrent-approval.ts'
