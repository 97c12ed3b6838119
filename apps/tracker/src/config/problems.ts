/** Something to say about one place of a configuration: of a file, or of the environment. */
export interface ConfigNote {
  /** The file as the user named it; absent when an environment variable is what this is about. */
  readonly file?: string
  /** From 1. */
  readonly line?: number
  /** From 1. */
  readonly column?: number
  /** The environment variable that holds the value. */
  readonly variable?: string
  /** Set when nothing is wrong: the key takes effect, and has a better place now. */
  readonly level?: 'info'
  /** The key's path: `chihaya.http.max_numwant`, `chihaya.prehooks[0].name`. */
  readonly key: string
  /** What is wrong, the key included. */
  readonly message: string
}

/**
 * `file:line:column: message`, which editors and terminals turn into a link; `VARIABLE: message`
 * for the environment.
 */
export function formatNote(note: ConfigNote): string {
  return `${formatPlace(note)}: ${note.message}`
}

/** `file:line:column`, or the name of a variable. */
export function formatPlace({ variable, file, line, column }: ConfigNote): string {
  return variable ?? `${file ?? ''}:${line ?? 1}:${column ?? 1}`
}

// A file that is no configuration at all may have as many as it has lines.
const MOST = 100

/**
 * A configuration that cannot be used, with everything that is wrong with it, or the beginning of
 * it.
 */
export class ConfigError extends Error {
  readonly notes: readonly ConfigNote[]
  /** What the operator should know besides. */
  readonly warnings: readonly ConfigNote[]

  constructor(notes: readonly ConfigNote[], warnings: readonly ConfigNote[] = []) {
    const told = limited(notes)
    super(told.map(formatNote).join('\n'))
    this.name = 'ConfigError'
    this.notes = told
    this.warnings = warnings
  }
}

function limited(notes: readonly ConfigNote[]): readonly ConfigNote[] {
  const next = notes[MOST]
  if (next === undefined) return notes
  return [
    ...notes.slice(0, MOST),
    { ...next, key: '', message: `from here on there are ${notes.length - MOST} more` },
  ]
}

/** Notes in the order of the file, and those about variables after them. */
export function inOrder(notes: readonly ConfigNote[]): ConfigNote[] {
  return [...notes].sort((a, b) => lineOf(a) - lineOf(b) || (a.column ?? 0) - (b.column ?? 0))
}

function lineOf({ line = Number.MAX_SAFE_INTEGER }: ConfigNote): number {
  return line
}
