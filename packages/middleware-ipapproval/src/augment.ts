import type { IpApproval } from './ip-approval.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Which addresses this scope approves; to be changed at any time. */
    ipApproval: IpApproval
  }
}
