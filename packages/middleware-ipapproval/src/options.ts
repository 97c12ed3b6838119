import type { OptionsSchema } from '@chihaya/core'
import { listOptionSchemas, type ListOptions } from '@chihaya/core/lists'

/**
 * Entries are addresses (`192.0.2.7`), CIDR ranges (`2001:db8::/32`) and ranges
 * (`192.0.2.1-192.0.2.99`). There may be both lists: the closest entry decides.
 */
export type IpApprovalOptions = ListOptions

export const optionsSchema: OptionsSchema<IpApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: listOptionSchemas({
    type: 'string',
    pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3}| *- *[0-9A-Fa-f:.]+)?$',
    examples: ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1-192.0.2.99'],
  }),
}
