import type { InfoHash } from '@chihaya/bittorrent'
import { isPromise, type TrackerContext, type TrackerHooks } from '@chihaya/core'
import type { Approval } from './approval.ts'
import { INVALID_JWT, MISSING_JWT } from './errors.ts'
import type { TokenFinder } from './find-token.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** Refuses announces of torrents that their token does not approve. */
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

/**
 * Refuses scrapes without a valid token, and shows torrents that it does not approve as if nobody
 * had them.
 */
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
