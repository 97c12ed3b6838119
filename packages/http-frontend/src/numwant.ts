import { ClientError, parseInteger, type Query } from '@chihaya/bittorrent'
import type { HttpFrontendOptions } from './options.ts'

const INVALID: ClientError = new ClientError('failed to parse parameter: numwant')

/**
 * How many peers an announce is answered with: what it asks for within the maximum, or the default
 * when it names no number or, as over UDP (BEP 15), a negative one. `num_want`, which no known
 * client sends, counts if it is a number and `numwant` is absent.
 * @throws {ClientError} for a `numwant` that is no number.
 */
export function numWant(
  query: Query,
  {
    defaultNumWant,
    maxNumWant,
  }: Required<Pick<HttpFrontendOptions, 'defaultNumWant' | 'maxNumWant'>>,
): number {
  const text = query.get('numwant')
  const wanted = text ? parseInteger(text) : (parseInteger(query.get('num_want') ?? '') ?? -1)
  if (wanted === undefined) throw INVALID
  return Math.min(wanted < 0 ? defaultNumWant : wanted, maxNumWant)
}
