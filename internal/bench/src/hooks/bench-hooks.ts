import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Section } from '../section.ts'
import type { Row } from '../table.ts'

/** Measures what hooks, lists and tokens add to an announce, in processes of their own. */
export async function benchHooks(): Promise<Section[]> {
  return [
    {
      title: 'Hooks',
      text: 'What middleware adds to an announce that does nothing else: no frontend, and a store that answers at once.',
      rows: await rowsOf('hooks.ts'),
    },
    {
      title: 'Hooks over UDP',
      text: 'What a hook adds to an announce from its datagram to its reply, with the memory store and without sockets.',
      rows: await rowsOf('datagrams.ts'),
    },
    {
      title: 'Tokens',
      text: 'What `@chihaya/middleware-jwt` adds to an announce.',
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
