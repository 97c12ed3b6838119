/** The task on the command line. */
export interface Task {
  /**
   * The number of inputs for each target, starting with only the repository's seeds. Undefined if
   * `milliseconds` decides.
   */
  readonly runs: number | undefined
  /** The time for each target. */
  readonly milliseconds: number
  readonly seed: number
  /** Milliseconds after which an input counts as an endless loop. */
  readonly patience: number
  /** The folder for inputs that make a target fail. */
  readonly crashes: string
  /** The file of an input to replay instead. */
  readonly replay: string | undefined
  /** Whether to merge the finds of long runs into the repository's seeds instead. */
  readonly merge: boolean
}
