import { formatHttpAddress } from '@chihaya/listeners'
import type { HttpListenerOptions } from './addresses.ts'
import { overlap, type Endpoint } from '../run/endpoint.ts'
import type { MetricsAddress } from './metrics-address.ts'
import type { ConfigReader, Located } from './reader.ts'

/**
 * Refuses addresses of HTTP that cannot all be listened on, as the system would say of one only
 * that its port is in use.
 */
export function checkPorts(
  reader: ConfigReader,
  root: Located,
  listeners: readonly HttpListenerOptions[],
  metrics: MetricsAddress | false,
): void {
  const endpoints: Endpoint[] = listeners.map(({ address }) => ({ protocol: 'http', address }))
  // The default gives way.
  if (metrics && !metrics.optional) endpoints.push({ protocol: 'http', address: metrics })
  for (const [index, endpoint] of endpoints.entries()) {
    const holder = endpoints.slice(0, index).find((other) => overlap(endpoint, other))
    if (!holder) continue
    const { key } = endpoint.address
    const text = `${key} cannot be ${formatHttpAddress(endpoint.address)}: ${holder.address.key} has the port already`
    reader.problem(placeOf(reader, root, key), key, text)
  }
}

/** Where the file has `chihaya.http.addr[1]`, or at least what that belongs to. */
function placeOf(reader: ConfigReader, root: Located, path: string): Located['key'] {
  let place = root
  let at = 'chihaya'
  for (const name of path.replace(/\[.*/, '').split('.').slice(1)) {
    place = reader.entries(place, at).get(name) ?? place
    at += `.${name}`
  }
  return place.value ?? place.key
}
