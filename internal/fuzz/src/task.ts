/** What the command line asks for. */
export interface Task {
  /**
   * How many inputs to run for each target, beginning with the repository's seeds alone. Undefined
   * where the time decides.
   */
  readonly runs: number | undefined
  /** How long to run each target. */
  readonly milliseconds: number
  readonly seed: number
  /** Milliseconds after which an input is taken for an endless loop. */
  readonly patience: number
  /** The folder for inputs that make a target fail. */
  readonly crashes: string
  /** The file of an input to be run instead. */
  readonly replay: string | undefined
  /** Whether to add what long runs have found to the repository's seeds instead. */
  readonly merge: boolean
}
