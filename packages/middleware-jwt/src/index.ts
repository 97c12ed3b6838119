import { jwtApproval } from './plugin.ts'

export default jwtApproval
export { jwtApproval }
export type { Algorithm } from './algorithm.ts'
export { TRK_ERR_JWT_KEYS } from './errors.ts'
export { optionsSchema, type JwkSet, type JwtApprovalOptions } from './options.ts'
