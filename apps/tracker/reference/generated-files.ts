import { readCatalogue } from './catalogue.ts'
import { jsonSchema } from './json-schema.ts'
import { markdown } from './markdown.ts'
import { readmes } from './readmes.ts'

/** A file that is written from the schemas, and what belongs in it. */
export interface GeneratedFile {
  readonly url: URL
  readonly text: string
}

/** Everything that `pnpm reference` writes. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  const catalogue = await readCatalogue()
  return [
    {
      url: new URL('../config.schema.json', import.meta.url),
      text: `${JSON.stringify(jsonSchema(catalogue), undefined, 2)}\n`,
    },
    { url: new URL('../../../docs/configuration.md', import.meta.url), text: markdown(catalogue) },
    ...(await readmes()),
  ]
}
