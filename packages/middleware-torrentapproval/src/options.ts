import type { OptionsSchema } from '@chihaya/core'
import { listOptionSchemas, type ListOptions } from '@chihaya/core/lists'

/** Entries are infohashes in hex: 40 digits, or the 64 of a v2 torrent (BEP 52). */
export type TorrentApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<TorrentApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: '^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$',
    examples: ['3532cf2d327fad8448c075b4cb42c8136964a435'],
  }),
}
