import { globSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examplePath } from './example.ts'

const MIDDLEWARE = '../docs/writing-middleware.md'
const STORAGE = '../docs/writing-storage.md'

const PAGES = globSync('{*.md,{docs,examples}/*.md,{apps,packages,internal}/*/README.md}', {
  cwd: examplePath('..'),
}).map((page) => join('..', page))
const REPOSITORY = /^https:\/\/github\.com\/chihaya\/chihaya-node\/(?:blob|tree)\/main\//

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

  test.each(PAGES)('%s has no broken links', async (page) => {
    for (const link of linksOf(await readPage(page))) {
      const [path = '', anchor] = link.split('#')
      const target = targetOf(path, page)
      await access(examplePath(target))
      if (anchor !== undefined) expect(anchorsOf(await readPage(target))).toContain(anchor)
    }
  })
})

/** A page of the documentation without its code. */
async function readPage(page: string): Promise<string> {
  return (await readFile(examplePath(page), 'utf8')).replaceAll(/^```.*?^```/gms, '')
}

/** The links to files of the repository and to headings. */
function linksOf(text: string): string[] {
  const links = text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)
  return [...links]
    .map(([, link, reference]) => link ?? reference ?? '')
    .filter((link) => REPOSITORY.test(link) || !/^\w+:/.test(link))
}

function targetOf(path: string, page: string): string {
  if (REPOSITORY.test(path)) return path.replace(REPOSITORY, '../')
  return path === '' ? page : join(dirname(page), path)
}

/** The anchors that GitHub gives the headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}
