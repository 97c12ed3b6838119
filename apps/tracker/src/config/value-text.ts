import type { JsonSchema } from '@chihaya/core'
import { Scalar, visit, type Node } from 'yaml'
import { isDurationSchema, schemaTypes } from './describe-schema.ts'
import { parseYamlDocument } from './yaml-document.ts'

/** Text that is no value of YAML. */
export class ValueTextError extends Error {
  override readonly name = 'ValueTextError'
}

/**
 * A value that came as text, from outside the file, as the schema needs it: text stays as it is,
 * and anything else is read as YAML, lists and maps in its flow notation. @throws {ValueTextError}
 */
export function parseValueText(text: string, schema: JsonSchema): Node {
  const types = schemaTypes(schema)
  const textual = types.includes('string') && !isDurationSchema(schema)
  if (textual && !isFlow(text.trim(), types)) return plainText(text)
  return parseYaml(text)
}

/** A value of YAML. @throws {ValueTextError} */
export function parseYaml(text: string): Node {
  const document = parseYamlDocument(text)
  const [error] = document.errors
  if (error) throw new ValueTextError(error.message)
  // They would have to be resolved in a document of their own.
  visit(document, {
    Alias: () => {
      throw new ValueTextError('aliases are for files only')
    },
  })
  return document.contents ?? new Scalar(null)
}

function plainText(text: string): Node {
  const scalar = new Scalar(text)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** Whether text is a list or a map, where there may be one; `[::]:6969` is none. */
function isFlow(text: string, types: readonly string[]): boolean {
  if (types.includes('array') && text.startsWith('[') && text.endsWith(']')) return true
  return types.includes('object') && text.startsWith('{') && text.endsWith('}')
}
