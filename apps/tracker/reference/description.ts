import type { YamlKey, YamlSchema } from '../src/config/spelling.ts'

/** The description of a key, in which other options have their YAML names. */
export function describe({ schema }: YamlKey, section: YamlSchema): string {
  let text = schema.description ?? ''
  for (const [name, { option }] of section.keys ?? []) {
    // An option of one lowercase word would match ordinary prose.
    if (/[a-z][A-Z]/.test(option)) text = text.replaceAll(new RegExp(`\\b${option}\\b`, 'g'), name)
  }
  return text
}
