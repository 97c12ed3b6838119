import { isDeepStrictEqual } from 'node:util'
import type { Settings } from '../config/settings.ts'

/** The keys, without values, in which two configurations differ: `chihaya.http.max_numwant`. */
export function changedKeys(previous: Settings, next: Settings): string[] {
  const before = valuesOf(previous)
  const after = valuesOf(next)
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}

function valuesOf(settings: Settings): Map<string, unknown> {
  const values = new Map<string, unknown>()
  for (const [section, read] of settings)
    for (const [key, { value }] of read.values) values.set(`${section}.${key}`, value)
  return values
}
