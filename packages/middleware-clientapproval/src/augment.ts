import type { ClientApproval } from './client-approval.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Which clients this scope approves; to be changed at any time. */
    clientApproval: ClientApproval
  }
}
