import { ClientError } from '@chihaya/bittorrent'
import { TRK_ERR_OPTIONS } from '../errors.ts'
import type { JsonSchema } from '../parse-options.ts'

export interface ListOptions {
  /** What is approved; all else is refused. */
  whitelist?: readonly string[] | undefined
  /** What is refused; all else is approved. */
  blacklist?: readonly string[] | undefined
  /** A file with more of the whitelist, one entry a line; it is read again whenever it changes. */
  whitelistFile?: string | undefined
  /** A file with more of the blacklist, one entry a line; it is read again whenever it changes. */
  blacklistFile?: string | undefined
  /**
   * Minutes after which a client that was refused may try again, or `never` (BEP 31). Left out, the
   * client decides.
   */
  retryIn?: number | 'never' | undefined
}

/** The schemas of `ListOptions`, for lists whose entries have the schema `entry`. */
export function listOptionSchemas(entry: JsonSchema): {
  readonly [K in keyof Required<ListOptions>]: JsonSchema
} {
  const list = (description: string): JsonSchema => ({ description, type: 'array', items: entry })
  const file = (which: string): JsonSchema => ({
    description: `A file with more of the ${which}, one entry a line, relative to the working folder; it is read again whenever it changes.`,
    type: 'string',
    minLength: 1,
  })
  return {
    whitelist: list('What is approved; all else is refused.'),
    blacklist: list('What is refused; all else is approved.'),
    whitelistFile: file('whitelist'),
    blacklistFile: file('blacklist'),
    retryIn: {
      description:
        'Minutes after which a client that was refused may try again, or never (BEP 31); over HTTP only.',
      anyOf: [{ type: 'integer', minimum: 1 }, { enum: ['never'] }],
    },
  }
}

/** Where the entries of one list come from. */
export interface ListSource {
  readonly option: 'whitelist' | 'blacklist'
  readonly entries: readonly string[]
  readonly file: string | undefined
}

/** The whitelist of the options, empty where there is none. */
export function whitelistOf({ whitelist = [], whitelistFile }: ListOptions): ListSource {
  return { option: 'whitelist', entries: whitelist, file: whitelistFile }
}

/** The blacklist of the options, empty where there is none. */
export function blacklistOf({ blacklist = [], blacklistFile }: ListOptions): ListSource {
  return { option: 'blacklist', entries: blacklist, file: blacklistFile }
}

/** Whether the options have a whitelist at all, though it may be empty. */
export function hasWhitelist({ whitelist, whitelistFile }: ListOptions): boolean {
  return whitelist !== undefined || whitelistFile !== undefined
}

/**
 * The one list that is in force, where there may be only one. Without any, it is an empty
 * blacklist. As in Chihaya, an empty list beside the other one says nothing. @throws
 * TRK_ERR_OPTIONS when both have entries.
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

/** The refusal that the options ask for, with a text of its own. */
export function refusal(text: string, { retryIn }: ListOptions): ClientError {
  return new ClientError(text, retryIn === undefined ? {} : { retryIn })
}
