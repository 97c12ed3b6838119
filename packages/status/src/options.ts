import type { OptionsSchema } from '@chihaya/core'
import type { TrackerStatus } from './tracker-status.ts'

export interface StatusOptions {
  /** Serve the health and readiness routes. @default true */
  health?: boolean
  /** Serve the statistics, as a page and as JSON. @default false */
  stats?: boolean
  /** Path of health: 200 while the process serves. @default '/healthz' */
  healthPath?: string
  /** Path of readiness: 200 while the tracker can do its work, else 503. @default '/readyz' */
  readyPath?: string
  /** Path of the page, and with `.json` appended of the JSON. @default '/stats' */
  statsPath?: string
  /**
   * Origins whose pages may read the statistics as JSON (CORS), such as `https://example.org`; `*`
   * is every page. @default []
   */
  statsOrigins?: string[]
  /** Serve single torrents and the largest ones, which reveals infohashes. @default false */
  torrents?: boolean
  /**
   * Path of torrents: with `.json` appended the largest, with `/INFOHASH.json` each.
   * @default '/torrents'
   */
  torrentsPath?: string
  /** A status to report in place of this scope's tracker; its creator starts and stops it. */
  source?: TrackerStatus | undefined
}

const path = (description: string, defaultValue: string) => ({
  description,
  type: 'string',
  pattern: '^/[A-Za-z0-9._~/-]*[A-Za-z0-9_~-]$',
  examples: [defaultValue],
  default: defaultValue,
})

export const optionsSchema: OptionsSchema<StatusOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    health: {
      description: 'Serve the health and readiness routes.',
      type: 'boolean',
      default: true,
    },
    stats: {
      description:
        'Serve the statistics, as a page and as JSON. Needs a store in this scope, or a source.',
      type: 'boolean',
      default: false,
    },
    healthPath: path('Path of health: 200 while the process serves.', '/healthz'),
    readyPath: path(
      'Path of readiness: 200 while the tracker can do its work, 503 otherwise.',
      '/readyz',
    ),
    statsPath: path('Path of the page, and with .json appended of the JSON.', '/stats'),
    statsOrigins: {
      description:
        'Origins whose pages may read the statistics as JSON, such as https://example.org; * is every page.',
      type: 'array',
      items: {
        type: 'string',
        pattern: '^(\\*|[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\s]+)$',
        examples: ['https://example.org', '*'],
      },
      default: [],
    },
    torrents: {
      description:
        'Serve figures of single torrents, and the largest of them. Needs a store in this scope, or a source.',
      type: 'boolean',
      default: false,
    },
    torrentsPath: path(
      'Path of torrents: with .json appended the largest, with /INFOHASH.json each.',
      '/torrents',
    ),
    source: { description: 'A TrackerStatus to report instead of the tracker of this scope.' },
  },
}
