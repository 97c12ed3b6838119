import { isDeepStrictEqual } from 'node:util'
import type { Settings } from '../config/tracker-config.ts'
import { isSection } from '../config/source.ts'
import type { YamlSchema } from '../config/spelling.ts'

/** The keys with different values in two configurations: `chihaya.http.max_numwant`. */
export function changedKeys(former: Settings, next: Settings): string[] {
  const before = valuesOf(former)
  const after = valuesOf(next)
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}

function valuesOf({ section, schema }: Settings): Map<string, unknown> {
  const values = new Map<string, unknown>()
  collect(values, 'chihaya', section, schema)
  return values
}

function collect(
  values: Map<string, unknown>,
  name: string,
  value: unknown,
  schema: YamlSchema | undefined,
): void {
  if (isSection(value) && schema?.keys)
    for (const [key, each] of Object.entries(value))
      collect(values, `${name}.${key}`, each, schema.keys.get(key))
  else if (Array.isArray(value) && schema?.tuple)
    for (const [index, item] of value.entries())
      collect(values, `${name}[${index}]`, item, schema.tuple[index])
  else values.set(name, value)
}
