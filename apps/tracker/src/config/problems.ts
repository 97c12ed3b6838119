/** The names and indices that lead to a value: `['chihaya', 'http', 'addr', 0]`. */
export type Path = ReadonlyArray<string | number>

/** `chihaya.prehooks[0].name`. */
export function nameOf(path: Path): string {
  if (path.length === 0) return 'the file'
  let name = ''
  for (const step of path)
    name += typeof step === 'number' ? `[${step}]` : `${name === '' ? '' : '.'}${step}`
  return name
}

/** A place in a configuration: either in a file, or a variable. */
export interface Place {
  /** The file as the user named it. */
  readonly file?: string
  /** From 1. */
  readonly line?: number
  /** From 1. */
  readonly column?: number
  /** The environment variable that holds the value. */
  readonly variable?: string
}

/** An error, a warning or a remark about one place of a configuration. */
export interface ConfigNote extends Place {
  /** Set for a remark: the key takes effect, but now belongs elsewhere. */
  readonly level?: 'info'
  /** The key's path: `chihaya.http.max_numwant`, `chihaya.prehooks[0].name`. */
  readonly key: string
  /** A sentence that includes the key. */
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
export function formatPlace({ variable, file, line, column }: Place): string {
  return variable ?? `${file ?? ''}:${line ?? 1}:${column ?? 1}`
}

// A file that is not a configuration may have as many problems as lines.
const MOST = 100

/** A configuration that cannot be used, with its first 100 problems. */
export class ConfigError extends Error {
  readonly notes: readonly ConfigNote[]
  /** Warnings about the same configuration. */
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
    { ...next, key: '', message: `${notes.length - MOST} more follow` },
  ]
}

/** The notes about one configuration, each made once. */
export class Findings {
  readonly #problems = new Map<string, ConfigNote>()
  readonly #warnings = new Map<string, ConfigNote>()

  problem(place: Place, path: Path | string, message: string): void {
    add(this.#problems, { ...place, key: keyOf(path), message })
  }

  /** `level` is for remarks about keys that take effect. */
  warning(place: Place, path: Path | string, message: string, level?: 'info'): void {
    add(this.#warnings, { ...place, key: keyOf(path), message, ...(level && { level }) })
  }

  /** In the order of the file, followed by those about variables. */
  get problems(): ConfigNote[] {
    return inOrder(this.#problems.values())
  }

  /** In the same order. */
  get warnings(): ConfigNote[] {
    return inOrder(this.#warnings.values())
  }

  /** @throws {ConfigError} if there are problems. */
  throwProblems(): void {
    if (this.#problems.size > 0) throw new ConfigError(this.problems, this.warnings)
  }
}

function keyOf(path: Path | string): string {
  return typeof path === 'string' ? path : nameOf(path)
}

function add(notes: Map<string, ConfigNote>, note: ConfigNote): void {
  const { line, column, variable, message } = note
  // Aliases show one place under several paths.
  const identity = JSON.stringify([line, column, variable, message])
  if (!notes.has(identity)) notes.set(identity, note)
}

function inOrder(notes: Iterable<ConfigNote>): ConfigNote[] {
  return [...notes].sort((a, b) => lineOf(a) - lineOf(b) || (a.column ?? 0) - (b.column ?? 0))
}

function lineOf({ line = Number.MAX_SAFE_INTEGER }: ConfigNote): number {
  return line
}
