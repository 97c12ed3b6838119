import { ClientError, parseInteger, type Query } from '@chihaya/bittorrent'
import type { HttpFrontendOptions } from './options.ts'

const INVALID: ClientError = new ClientError('failed to parse parameter: numwant')

/**
 * How many peers an announce is answered with: what it asks for within the maximum, or the default when it names no
 * number or, as over UDP (BEP 15), a negative one.
 * @throws {ClientError} when it names something else.
 */
export function numWant(
  query: Query,
  { defaultNumWant, maxNumWant }: Required<Pick<HttpFrontendOptions, 'defaultNumWant' | 'maxNumWant'>>,
): number {
  const text = query.get('numwant') || query.get('num_want')
  const wanted = text ? parseInteger(text) : -1
  if (wanted === undefined) throw INVALID
  return Math.min(wanted < 0 ? defaultNumWant : wanted, maxNumWant)
}
