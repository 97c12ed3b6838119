import { ClientError } from '@chihaya/bittorrent'
import { TRK_ERR_OPTIONS } from '../errors.ts'
import type { JsonSchema } from '../options/parse-options.ts'

export interface ListOptions {
  /** Approved entries. All others are refused. */
  whitelist?: readonly string[] | undefined
  /** Refused entries. All others are approved. */
  blacklist?: readonly string[] | undefined
  /** A file with more entries of the whitelist, one a line. It is read again when it changes. */
  whitelistFile?: string | undefined
  /** A file with more entries of the blacklist, one a line. It is read again when it changes. */
  blacklistFile?: string | undefined
  /**
   * Minutes until a refused client may try again, or `never` (BEP 31). Without it, the client
   * decides.
   */
  retryIn?: number | 'never' | undefined
}

/** The schemas of `ListOptions`, for lists whose entries have the schema `entry`. */
export function listOptionSchemas(entry: JsonSchema): {
  readonly [K in keyof Required<ListOptions>]: JsonSchema
} {
  const list = (description: string): JsonSchema => ({ description, type: 'array', items: entry })
  const file = (which: string): JsonSchema => ({
    description: `A file with more entries of the ${which}, one a line, relative to the working directory. It is read again when it changes.`,
    type: 'string',
    minLength: 1,
  })
  return {
    whitelist: list('Approved entries. All others are refused.'),
    blacklist: list('Refused entries. All others are approved.'),
    whitelistFile: file('whitelist'),
    blacklistFile: file('blacklist'),
    retryIn: {
      description:
        'Minutes until a refused client may try again, or never (BEP 31). Over HTTP only.',
      anyOf: [{ type: 'integer', minimum: 1 }, { enum: ['never'] }],
    },
  }
}

/** The sources of one list. */
export interface ListSource {
  readonly option: 'whitelist' | 'blacklist'
  readonly entries: readonly string[]
  readonly file: string | undefined
}

/** The whitelist in the options; empty without one. */
export function whitelistOf({ whitelist = [], whitelistFile }: ListOptions): ListSource {
  return { option: 'whitelist', entries: whitelist, file: whitelistFile }
}

/** The blacklist in the options; empty without one. */
export function blacklistOf({ blacklist = [], blacklistFile }: ListOptions): ListSource {
  return { option: 'blacklist', entries: blacklist, file: blacklistFile }
}

/** Whether the options have a whitelist, even an empty one. */
export function hasWhitelist({ whitelist, whitelistFile }: ListOptions): boolean {
  return whitelist !== undefined || whitelistFile !== undefined
}

/**
 * The list in effect, for middleware with only one: whitelist, blacklist, or an empty blacklist
 * without either. As in Chihaya, an empty list beside the other is ignored.
 * @throws TRK_ERR_OPTIONS if both have entries.
 */
export function onlyList(name: string, options: ListOptions): ListSource {
  const whitelist = whitelistOf(options)
  const blacklist = blacklistOf(options)
  if (isEmpty(blacklist)) return hasWhitelist(options) ? whitelist : blacklist
  if (isEmpty(whitelist)) return blacklist
  throw new TRK_ERR_OPTIONS(name, 'options may have a whitelist or a blacklist, not both')
}

function isEmpty({ entries, file }: ListSource): boolean {
  return entries.length === 0 && file === undefined
}

/** A refusal with the `retryIn` of the options. */
export function refusal(text: string, { retryIn }: ListOptions): ClientError {
  return new ClientError(text, retryIn === undefined ? {} : { retryIn })
}
