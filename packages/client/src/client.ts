import { HttpTrackerClient, type HttpClientOptions } from './http/http-tracker-client.ts'
import type { TrackerClient } from './tracker-client.ts'
import { UdpTrackerClient, type UdpClientOptions } from './udp/udp-tracker-client.ts'

/**
 * A client for an announce URL: `http:`, `https:` or `udp:`.
 * @throws {TypeError} for any other URL.
 */
export function trackerClient(
  announceUrl: string,
  options: HttpClientOptions & UdpClientOptions = {},
): TrackerClient {
  return announceUrl.startsWith('udp:')
    ? new UdpTrackerClient(announceUrl, options)
    : new HttpTrackerClient(announceUrl, options)
}
