/**
 * Addresses that are about to change hands: what was to be opened is open, and nothing else has
 * changed yet. One of the two is to be called, once.
 */
export interface Handover {
  /**
   * The new side answers at all its addresses before this returns. Never throws, and the promise
   * never rejects: it resolves when the addresses that are of no use any more have answered what
   * had arrived, and are closed.
   */
  commit(): Promise<void>
  /** Closes what was opened. Everything stays as it was. */
  cancel(): Promise<void>
}
