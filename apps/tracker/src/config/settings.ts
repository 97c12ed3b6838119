import type { YamlSchema } from './yaml-schema.ts'

/** What has been read for one key. */
export interface ReadValue {
  /** In the words of the file. */
  readonly value: unknown
  /** The environment variables that it comes from, or that stand in it. */
  readonly variables: readonly string[]
}

/**
 * What has been read for a section: what it may hold, where that is known, and what it holds by
 * YAML name.
 */
export interface ReadSection {
  readonly schema: YamlSchema | undefined
  readonly values: ReadonlyMap<string, ReadValue>
}

/** Everything that has been read, by the path of its section: `chihaya.http`. */
export type Settings = ReadonlyMap<string, ReadSection>
