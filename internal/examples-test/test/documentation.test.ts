import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examplePath } from './example.ts'

const MIDDLEWARE = '../docs/writing-middleware.md'
const STORAGE = '../docs/writing-storage.md'

describe('the documentation', () => {
  test.each([
    [MIDDLEWARE, 'tracker-middleware-passkey/index.js'],
    [MIDDLEWARE, 'tracker-middleware-passkey/test.js'],
    [STORAGE, 'tracker-storage-map/map-peer-store.js'],
    [STORAGE, 'tracker-storage-map/index.js'],
    [STORAGE, 'tracker-storage-map/test.js'],
  ])('%s shows %s as it is', async (page, example) => {
    const [text, code] = await Promise.all(
      [page, example].map((name) => readFile(examplePath(name), 'utf8')),
    )
    expect(text).toContain(`\`\`\`js\n${code}\`\`\`\n`)
  })

  test.each([MIDDLEWARE, STORAGE, 'README.md'])('%s has no broken links', async (page) => {
    const text = await readFile(examplePath(page), 'utf8')
    const paths = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)|^\[[^\]]+\]: (\S+)$/gm)].map(
      ([, link, reference]) => link ?? reference ?? '',
    )
    expect(paths.length).toBeGreaterThan(2)
    for (const path of paths) await access(join(dirname(examplePath(page)), path))
  })
})
