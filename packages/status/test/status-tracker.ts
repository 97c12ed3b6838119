import { sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import { status, type StatusOptions, type TrackerStats } from '@chihaya/status'
import type { ClientAnnounce } from '@chihaya/client'
import { TestTracker } from '@internal/test-tracker'

export const SEEDER: ClientAnnounce = {
  infoHash: sampleInfoHash(1),
  peerId: samplePeerId(1),
  port: 6881,
  left: 0n,
}
export const LEECHER: ClientAnnounce = {
  infoHash: sampleInfoHash(1),
  peerId: samplePeerId(2),
  port: 6882,
  left: 1n,
}

/** A whole tracker that serves its status beside its announces. */
export async function startTracker(options: StatusOptions = { stats: true }): Promise<TestTracker> {
  return TestTracker.start({ register: (app) => void app.register(status, options) })
}

export async function fetchStats(tracker: TestTracker): Promise<TrackerStats> {
  const response = await fetch(tracker.url('http', '/stats.json'))
  return (await response.json()) as TrackerStats
}
