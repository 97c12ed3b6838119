import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'

/** Measures what hooks, lists and tokens add to an announce, each in a separate process. */
export async function benchHooks(): Promise<Section[]> {
  return [
    {
      title: 'Hooks',
      text: 'Time of an announce with hooks, without a frontend and with a store that does nothing. What the hooks add is in parentheses.',
      rows: await rowsOf('hooks.ts'),
    },
    {
      title: 'Hooks over UDP',
      text: 'CPU time of an announce with a hook relative to one without, from datagram to response, with the memory store and without sockets.',
      rows: await rowsOf('datagrams.ts'),
    },
    {
      title: 'Tokens',
      text: 'What `@chihaya/middleware-jwt` adds to an announce: the first with a token verifies it, later ones find it in a cache.',
      rows: await rowsOf('jwt.ts'),
    },
  ]
}

async function rowsOf(file: string): Promise<Row[]> {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--conditions=@chihaya/source',
    script,
  ])
  return JSON.parse(stdout) as Row[]
}
