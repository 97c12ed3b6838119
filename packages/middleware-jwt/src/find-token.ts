import type { Params } from '@chihaya/bittorrent'
import type { JwtApprovalOptions } from './options.ts'

const BEARER = 'bearer '

/** Finds the token of a request, which is not checked; undefined when there is none. */
export type TokenFinder = (params: Params) => string | undefined

/**
 * Looks where the options say: query, route, segment of the path, header. The first one that is not
 * empty counts.
 */
export function tokenFinder(
  options: Pick<Required<JwtApprovalOptions>, 'parameter' | 'pathSegment' | 'authorizationHeader'>,
): TokenFinder {
  const { parameter, pathSegment, authorizationHeader } = options
  const key = parameter.toLowerCase()
  return (params) =>
    params.get(key) ||
    params.route(parameter) ||
    (pathSegment === undefined
      ? undefined
      : params.path.split('/', pathSegment + 1)[pathSegment]) ||
    (authorizationHeader ? bearerToken(params.header?.('authorization')) : undefined) ||
    undefined
}

/** The token of an `Authorization` header (RFC 6750). */
function bearerToken(header: string | undefined): string | undefined {
  if (header?.slice(0, BEARER.length).toLowerCase() !== BEARER) return undefined
  return header.slice(BEARER.length).trim()
}
