import { variableOf } from './environment.ts'
import { sections } from './sections.ts'
import type { YamlSchema } from './yaml-schema.ts'

/**
 * The environment variables that set keys, but for those of stores whose packages are loaded only
 * if they are named.
 */
export function variables(): string[] {
  return [
    ...variablesBelow('chihaya', sections.root),
    ...variablesBelow('chihaya.http', sections.http),
    ...variablesBelow('chihaya.udp', sections.udp),
    ...variablesBelow('chihaya.storage', sections.storage),
    ...variablesBelow('chihaya.storage.config', sections.memory),
  ]
}

function variablesBelow(path: string, { keys = new Map() }: YamlSchema): string[] {
  return [...keys].flatMap(([name, key]) => {
    if (key.deprecated !== undefined || key.section === true) return []
    const keyPath = `${path}.${name}`
    return key.keys ? variablesBelow(keyPath, key) : (variableOf(keyPath) ?? [])
  })
}
