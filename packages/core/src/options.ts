import { durationSchema, type Duration } from './duration.ts'
import type { OptionsSchema } from './parse-options.ts'

export interface CoreOptions {
  /** Time between two announces of a client. @default '30m' */
  announceInterval?: Duration
  /** Time before which a client should not announce or scrape again. @default '15m' */
  minAnnounceInterval?: Duration
  /** What seeders and partial seeds are answered with. @default 'leechers' */
  seedersReceive?: 'leechers' | 'all'
  /**
   * Answer with the announcer's own address when the swarm has nobody else, as Chihaya does.
   * @default true
   */
  returnSelfWhenAlone?: boolean
  /**
   * Refuse announces from addresses that are not public: private, loopback, link-local and so on.
   * @default false
   */
  rejectPrivatePeers?: boolean
  /** Give announcers with a public address only peers with one. @default true */
  withholdPrivatePeers?: boolean
  /** How long closing waits for post hooks that still run. @default '5s' */
  postHookTimeout?: Duration
}

export const optionsSchema: OptionsSchema<CoreOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    announceInterval: durationSchema(
      'Time between two announces of a client, at least one second.',
      '30m',
    ),
    minAnnounceInterval: durationSchema(
      'Time before which a client should not announce or scrape again; never sent above announceInterval.',
      '15m',
    ),
    seedersReceive: {
      description: 'The peers that seeders and partial seeds receive.',
      enum: ['leechers', 'all'],
      default: 'leechers',
    },
    returnSelfWhenAlone: {
      description:
        "Answer with the announcer's own address when the swarm has nobody else, as Chihaya does.",
      type: 'boolean',
      default: true,
    },
    rejectPrivatePeers: {
      description:
        'Refuse announces from addresses that are not public (private, loopback, link-local and so on), and remove peers there from the store.',
      type: 'boolean',
      default: false,
    },
    withholdPrivatePeers: {
      description: 'Give announcers with a public address only peers with one.',
      type: 'boolean',
      default: true,
    },
    postHookTimeout: durationSchema('How long closing waits for post hooks that still run.', '5s'),
  },
}
