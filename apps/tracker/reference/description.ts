import type { YamlKey, YamlSchema } from '../src/config/spelling.ts'

/** What a key means, with other keys of its section under their names in the file. */
export function describe({ schema }: YamlKey, section: YamlSchema): string {
  let text = schema.description ?? ''
  for (const [name, { option }] of section.keys ?? []) {
    // Names of one small word would be found in any sentence.
    if (/[a-z][A-Z]/.test(option)) text = text.replaceAll(new RegExp(`\\b${option}\\b`, 'g'), name)
  }
  return text
}
