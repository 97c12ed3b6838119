/** Something to say about one place of a configuration file. */
export interface ConfigNote {
  /** The file as the user named it. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** The key's path: `chihaya.http.max_numwant`, `chihaya.prehooks[0].name`. */
  readonly key: string
  /** What is wrong, the key included. */
  readonly message: string
}

/** `file:line:column: message`, which editors and terminals turn into a link. */
export function formatNote(note: ConfigNote): string {
  return `${note.file}:${note.line}:${note.column}: ${note.message}`
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly notes: readonly ConfigNote[]

  constructor(notes: readonly ConfigNote[]) {
    super(notes.map(formatNote).join('\n'))
    this.name = 'ConfigError'
    this.notes = notes
  }
}

/** Notes in the order of the file. */
export function inOrder(notes: readonly ConfigNote[]): ConfigNote[] {
  return [...notes].sort((a, b) => a.line - b.line || a.column - b.column)
}
