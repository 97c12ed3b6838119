import { durationSchema, type Duration } from './duration.ts'
import type { OptionsSchema } from './parse-options.ts'

export interface CoreOptions {
  /** Time between two announces of a client. @default '30m' */
  announceInterval?: Duration
  /** Minimum time between two announces or scrapes of a client. @default '15m' */
  minAnnounceInterval?: Duration
  /** Peers in answers to seeders and partial seeds. @default 'leechers' */
  seedersReceive?: 'leechers' | 'all'
  /**
   * Answer with the announcer's own address if the swarm has no other peer, as Chihaya does.
   * @default true
   */
  returnSelfWhenAlone?: boolean
  /**
   * Refuse announces from addresses that are not public: private, loopback, link-local and so on.
   * @default false
   */
  rejectPrivatePeers?: boolean
  /** Give announcers with public addresses only peers with public addresses. @default true */
  withholdPrivatePeers?: boolean
  /** How long closing waits for running post hooks. @default '5s' */
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
      'Minimum time between two announces or scrapes of a client. Never sent above announceInterval.',
      '15m',
    ),
    seedersReceive: {
      description: 'Peers in answers to seeders and partial seeds.',
      enum: ['leechers', 'all'],
      default: 'leechers',
    },
    returnSelfWhenAlone: {
      description:
        "Answer with the announcer's own address if the swarm has no other peer, as Chihaya does.",
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
      description: 'Give announcers with public addresses only peers with public addresses.',
      type: 'boolean',
      default: true,
    },
    postHookTimeout: durationSchema('How long closing waits for running post hooks.', '5s'),
  },
}
