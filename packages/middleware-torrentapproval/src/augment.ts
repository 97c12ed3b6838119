import type { TorrentApproval } from './torrent-approval.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Which torrents this scope approves; to be changed at any time. */
    torrentApproval: TorrentApproval
  }
}
