import { isScalar, visit, type Document, type Node, type YAMLError } from 'yaml'

/** What is wrong with YAML, in the words of whoever wrote it rather than those of a programmer. */
export function yamlProblem({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here, and a configuration is one; leave out the ---'
  return message
}

/** Keys that their map has already. The parser can look for them too, but takes an hour for a map with a million keys. */
export function duplicateKeys(document: Document): Node[] {
  const found: Node[] = []
  visit(document, {
    Map: (_key, map) => {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (keys.has(key.value)) found.push(key)
        keys.add(key.value)
      }
    },
  })
  return found
}
