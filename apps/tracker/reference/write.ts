// `pnpm reference`: writes the JSON Schema and the reference of the configuration.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './generated-files.ts'

for (const { url, text } of await generatedFiles()) {
  writeFileSync(url, text)
  process.stdout.write(`${fileURLToPath(url)}\n`)
}
