import { HttpTrackerClient } from './http-tracker-client.ts'
import type { ClientOptions, TrackerClient } from './tracker-client.ts'
import { UdpTrackerClient } from './udp-tracker-client.ts'

/** The client for an announce URL, by its scheme. */
export function trackerClient(announceUrl: string, options: ClientOptions = {}): TrackerClient {
  return announceUrl.startsWith('udp:')
    ? new UdpTrackerClient(announceUrl, options)
    : new HttpTrackerClient(announceUrl, options)
}
