import type { Path } from './problems.ts'
import type { Section } from './source.ts'
import type { YamlSchema } from './spelling.ts'

/** The values under `chihaya` in the words of the file, for whoever explains them. */
export interface Settings {
  readonly section: Section
  readonly schema: YamlSchema
  /** The environment variables that a value comes from, or refers to. */
  readonly variables: (path: Path) => readonly string[]
  /** Whether an environment variable has set any key. */
  readonly isChanged: boolean
}
