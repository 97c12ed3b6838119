import { nearest } from '../nearest.ts'

const PREFIX = 'CHIHAYA_'
// How the repository's own scripts and tests are steered.
const OURS: ReadonlySet<string> = new Set(['CHIHAYA_NODE', 'CHIHAYA_PRIVATE_NETWORK'])
// What Kubernetes says of services called chihaya, chihaya-udp and so on.
const SERVICE =
  /^CHIHAYA_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
const SERVICE_PORT = /^CHIHAYA_(\w+_)?PORT$/

/** A value from the environment. */
export interface Override {
  readonly variable: string
  readonly text: string
  /** Whether `text` names a file that holds the value. */
  readonly isFile: boolean
}

/**
 * The variables that set keys of the configuration: the key's path in capitals, joined by `_`, in
 * place of `chihaya.`.
 */
export class Environment {
  readonly #env: NodeJS.ProcessEnv
  readonly #set: readonly string[]
  readonly #known = new Set<string>()

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
    this.#set = Object.keys(env).filter(
      (name) => name.startsWith(PREFIX) && env[name] !== undefined,
    )
  }

  /**
   * The variables of one key: none, one, or two that contradict each other. Without `files`,
   * `…_FILE` is another key.
   */
  take(path: string, files: boolean): Override[] {
    const variable = variableOf(path)
    if (variable === undefined) return []
    const found: Override[] = []
    for (const [name, isFile] of [
      [variable, false] as const,
      ...(files ? [[`${variable}_FILE`, true] as const] : []),
    ]) {
      this.#known.add(name)
      const text = this.#env[name]
      if (text !== undefined) found.push({ variable: name, text, isFile })
    }
    return found
  }

  /** The first variable that sets something below a section. */
  firstBelow(path: string): string | undefined {
    const variable = variableOf(path)
    return variable === undefined
      ? undefined
      : this.#settings().find((name) => name.startsWith(`${variable}_`))
  }

  /** The keys below a section whose keys nobody knows, in small letters. */
  keysBelow(path: string): string[] {
    const start = `${variableOf(path) ?? ''}_`
    const names = this.#settings().filter((name) => name.startsWith(start))
    return names.map((name) => name.slice(start.length).toLowerCase())
  }

  /** Variables that set nothing, each with the one that it may stand for. */
  unknown(candidates: Iterable<string>): Array<{ variable: string; guess: string | undefined }> {
    const known = [...new Set([...this.#known, ...candidates])]
    const strangers = this.#settings().filter((name) => !this.#known.has(name))
    return strangers.map((variable) => ({ variable, guess: nearest(variable, known) }))
  }

  #settings(): string[] {
    return this.#set.filter((name) => !OURS.has(name) && !this.#isService(name))
  }

  #isService(name: string): boolean {
    if (SERVICE.test(name)) return true
    return SERVICE_PORT.test(name) && /^(tcp|udp|sctp):\/\//.test(this.#env[name] ?? '')
  }
}

/** `chihaya.http.addr` → `CHIHAYA_HTTP_ADDR`; undefined within a list. */
export function variableOf(path: string): string | undefined {
  return path.includes('[') ? undefined : path.replaceAll('.', '_').toUpperCase()
}
