import { createHash } from 'node:crypto'
import type { Client } from './client.ts'

/**
 * Runs a script with its keys and arguments. Sends its digest alone where the server knows the
 * script.
 */
export type Script<Reply> = (
  ...keysAndArguments: ReadonlyArray<Buffer | string | number>
) => Promise<Reply>

/** Teaches a client a script, whose strings come as buffers. */
export function defineScript<Reply = Buffer>(
  client: Client,
  lua: string,
  numberOfKeys: number,
): Script<Reply> {
  // Stores of different options may share a client.
  const name = `chihaya${createHash('sha1').update(`${numberOfKeys}${lua}`).digest('hex')}`
  client.defineCommand(name, { lua, numberOfKeys })
  const run = (client as unknown as Record<string, Script<Reply>>)[`${name}Buffer`] as Script<Reply>
  return run.bind(client)
}
