/** What is the same for every announce of a store, so that scripts hold it in their text. */
export interface ScriptSettings {
  /** Seconds. */
  readonly peerLifetime: number
  /** Seconds. */
  readonly downloadedLifetime: number
  readonly maxPeersPerSwarm: number
  readonly storePeerIds: boolean
  /** Whether a source may make so many swarms only. */
  readonly limitsNewSwarms: boolean
}
