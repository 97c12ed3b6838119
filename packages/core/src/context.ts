/**
 * What the hooks of one announce or scrape tell each other and the tracker. Open for merging: a
 * middleware that leaves something here for later hooks declares its key.
 */
export interface TrackerContext {
  /**
   * Set in a pre hook: the store neither learns of the announce nor is asked; the response stays as
   * hooks leave it.
   */
  skipSwarmInteraction?: boolean
  /**
   * Set in a pre hook: the store learns of the announce, but counters and peers (or rows) stay as
   * hooks leave them.
   */
  skipResponse?: boolean
}
