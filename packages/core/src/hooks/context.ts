/**
 * State shared by the hooks of one announce or scrape, and with the tracker. Middleware that leaves
 * a value for later hooks adds its key by declaration merging.
 */
export interface TrackerContext {
  /** Set in a pre hook to skip the store. The answer stays as the hooks leave it. */
  skipSwarmInteraction?: boolean
  /**
   * Set in a pre hook to keep the store's result out of the answer. The store still applies the
   * announce.
   */
  skipResponse?: boolean
}
