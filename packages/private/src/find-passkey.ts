import type { Params } from '@chihaya/bittorrent'
import { isPasskey } from './registry/user.ts'

/**
 * The passkey of a request: the route's parameter, a query parameter, or a part of the path before
 * or behind the action, `/KEY/announce` or `/announce/KEY`. Over UDP the URL data of BEP 41 has the
 * same places. Undefined when none has the form of a passkey.
 */
export function findPasskey(params: Params, parameters: readonly string[]): string | undefined {
  const route = params.route('passkey')
  if (route !== undefined && isPasskey(route)) return route
  for (const name of parameters) {
    const value = params.get(name)
    if (value !== undefined && isPasskey(value)) return value
  }
  const parts = params.path.split('/')
  for (const [index, part] of parts.entries()) {
    if (part !== 'announce' && part !== 'scrape') continue
    const beside = [parts[index - 1], parts[index + 1]]
    const found = beside.find((one) => one !== undefined && isPasskey(one))
    if (found !== undefined) return found
  }
  return undefined
}
