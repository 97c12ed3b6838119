import type { InfoHash, Params } from '@chihaya/bittorrent'
import { isPromise, type TrackerContext, type TrackerHooks } from '@chihaya/core'
import type { Approval } from './approval.ts'
import { INVALID_JWT, MISSING_JWT } from './errors.ts'
import type { JwtApprovalOptions } from './options.ts'
import type { TokenVerifier } from './token-verifier.ts'

const BEARER = 'bearer '

/** Finds the token of a request, unverified. Undefined if there is none. */
export type TokenFinder = (params: Params) => string | undefined

/**
 * Searches query, route, path and header, as far as the options allow. The first token that is not
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

/** Refuses announces unless their token approves the torrent. */
export function announceHook(
  findToken: TokenFinder,
  verifier: TokenVerifier,
): TrackerHooks['preAnnounce'] {
  return ({ params, infoHash }) => {
    const token = findToken(params)
    if (token === undefined) throw MISSING_JWT
    const approval = verifier.verify(token)
    if (isPromise(approval)) return approval.then((settled) => requireTorrent(settled, infoHash))
    requireTorrent(approval, infoHash)
  }
}

function requireTorrent(approval: Approval, infoHash: InfoHash): void {
  if (approval.infoHash !== infoHash) throw INVALID_JWT
}

/** Refuses scrapes without a valid token, and shows zeros for torrents it does not approve. */
export function scrapeHooks(
  findToken: TokenFinder,
  verifier: TokenVerifier,
): Pick<TrackerHooks, 'preScrape' | 'onScrape'> {
  const approvals = new WeakMap<TrackerContext, Approval>()
  return {
    preScrape({ params }, _answer, context) {
      const token = findToken(params)
      if (token === undefined) throw MISSING_JWT
      const remember = (approval: Approval): void => void approvals.set(context, approval)
      const approval = verifier.verify(token)
      return isPromise(approval) ? approval.then(remember) : remember(approval)
    },
    onScrape({ infoHashes }, answer, context) {
      const approved = approvals.get(context)?.infoHashes
      for (const [index, infoHash] of infoHashes.entries())
        if (approved?.has(infoHash) !== true) answer.clear(index)
    },
  }
}
