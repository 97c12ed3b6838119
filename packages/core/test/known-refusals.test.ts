import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { REFUSALS } from '@chihaya/core'
import { describe, expect, test } from 'vitest'

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))
// Literal texts: refusals as values, those of lists, and those that the UDP dispatcher writes
// without an error.
const TEXTS = [/new ClientError\(\s*'([^']+)'/g, /\brefusal\(\s*'([^']+)'/g]
const NAMED = /^(?:export )?const [A-Z_]+(?:: string)? = '([^']+)'$/gm

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

function textsIn(source: string, patterns: readonly RegExp[]): string[] {
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, text = '']) => text))
}

describe('the known refusals', () => {
  test('are all that the packages refuse with', () => {
    const found = readdirSync(PACKAGES).flatMap((name) =>
      sources(join(PACKAGES, name, 'src')).flatMap((text) => textsIn(text, TEXTS)),
    )
    expect(found.length).toBeGreaterThan(30)
    expect(found.filter((text) => !REFUSALS.includes(text))).toEqual([])
  })

  test('hold what the frontends answer without an error', () => {
    const files = [
      'udp-frontend/src/packets/refusals.ts',
      'http-frontend/src/refuse.ts',
      'http-frontend/src/error-handlers.ts',
    ]
    const found = files.flatMap((file) =>
      textsIn(readFileSync(join(PACKAGES, file), 'utf8'), [NAMED]),
    )
    expect(found).toContain('bad connection ID')
    expect(found).toContain('not found')
    expect(found.filter((text) => !REFUSALS.includes(text))).toEqual([
      'internal server error',
      'internal server error',
    ])
  })

  test('fit into a UDP reply, which is where their text is read from', () => {
    expect(REFUSALS.filter((text) => Buffer.byteLength(text) > 80)).toEqual([])
  })
})
