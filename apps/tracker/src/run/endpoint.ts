import { formatHttpAddress, isUnixAddress, ListenError } from '@chihaya/listeners'
import type { HttpAddress } from '../config/addresses.ts'

/** An address and its protocol: `http`, `https` or `udp`. */
export interface Endpoint {
  readonly protocol: string
  readonly address: HttpAddress
}

/**
 * Refuses a new address that overlaps one the tracker still listens on, such as `:6969` and
 * `127.0.0.1:6969`: the port is in use, and closing the old address first could lose both.
 * @throws {ListenError}
 */
export function refuseOwnPorts(next: readonly Endpoint[], current: readonly Endpoint[]): void {
  const same = (one: Endpoint, other: Endpoint): boolean =>
    one.protocol === other.protocol &&
    formatHttpAddress(one.address) === formatHttpAddress(other.address)
  for (const endpoint of next) {
    if (current.some((other) => same(endpoint, other))) continue
    const holder = current.find((other) => overlap(endpoint, other))
    if (!holder) continue
    const asked = `${endpoint.protocol} ${formatHttpAddress(endpoint.address)}`
    const held = `${holder.protocol} ${formatHttpAddress(holder.address)}`
    throw new ListenError(
      `${endpoint.address.key}: cannot listen on ${asked}: the port is in use by this tracker itself, on ${held}; restart it, or choose another port`,
    )
  }
}

/** Whether it is impossible to listen on both. */
export function overlap(one: Endpoint, other: Endpoint): boolean {
  const [a, b] = [one.address, other.address]
  if (isUnixAddress(a) || isUnixAddress(b))
    return isUnixAddress(a) && isUnixAddress(b) && a.path === b.path
  if ((one.protocol === 'udp') !== (other.protocol === 'udp') || a.port !== b.port || a.port === 0)
    return false
  return a.host === b.host || a.host === '' || b.host === ''
}
