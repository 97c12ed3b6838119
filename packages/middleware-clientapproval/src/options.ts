import type { OptionsSchema } from '@chihaya/core'
import { listOptionSchemas, type ListOptions } from '@chihaya/core/lists'
import { ENTRY_EXAMPLES, ENTRY_PATTERN } from './client-entry.ts'

/**
 * Entries are client ids (`TR2940`), beginnings of them (`TR29*`) or of peer ids (`-TR*`), and
 * versions (`qB >= 4.4`).
 */
export type ClientApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<ClientApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: ENTRY_PATTERN,
    examples: ENTRY_EXAMPLES,
  }),
}
