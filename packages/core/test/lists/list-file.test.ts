import { appendFile, mkdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Log } from '@chihaya/core'
import { ListFile } from '@chihaya/core/lists'
import { temporaryFolder } from './folder.ts'
import { wordList } from './word-list.ts'

/** Longer than it takes until a change is read. */
const LONG_ENOUGH = 500

const SILENT: Pick<Log, 'info' | 'error'> = { info: () => undefined, error: () => undefined }

function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 20_000 })
}

interface Followed {
  readonly path: string
  readonly log: string[]
  readonly words: () => string[]
}

/** A list in a new folder, whose file is followed. */
async function follow(
  contents: string,
  init: { readonly path?: string; readonly pollInterval?: number } = {},
): Promise<Followed> {
  const { path: given, pollInterval = 3_600_000 } = init
  const path = given ?? join(await temporaryFolder(), 'list')
  if (given === undefined) await writeFile(path, contents)
  const log: string[] = []
  const file = await ListFile.read({
    path,
    format: wordList,
    pollInterval,
    log: {
      info: (details, message) =>
        void log.push(`${message}: ${(details as { entries: number }).entries}`),
      error: (details, message) =>
        void log.push(`${message}: ${(details as { err: Error }).err.message}`),
    },
  })
  file.watch()
  onTestFinished(() => file.close())
  return { path, log, words: () => [...file.list] }
}

describe('a list in a file', () => {
  test('reports each list that replaces another, and no other change', async () => {
    const path = join(await temporaryFolder(), 'list')
    await writeFile(path, 'a')
    const file = await ListFile.read({
      path,
      format: wordList,
      log: SILENT,
      pollInterval: 3_600_000,
    })
    const told: string[][] = []
    file.onChange(() => void told.push([...file.list]))
    file.watch()
    onTestFinished(() => file.close())
    const replace = async (contents: string): Promise<void> => {
      await writeFile(`${path}.new`, contents)
      await rename(`${path}.new`, path)
    }
    await replace('bad')
    await sleep(LONG_ENOUGH)
    expect(told).toEqual([])
    await replace('b\nc')
    await eventually(() => told).toEqual([['b', 'c']])
  })

  test('is finished before the first look-up', async () => {
    const path = join(await temporaryFolder(), 'list')
    await writeFile(path, 'a\nb')
    const finish = async (words: Set<string>): Promise<void> => {
      await sleep(1)
      words.add('finished')
    }
    const file = await ListFile.read({ path, format: { ...wordList, finish }, log: SILENT })
    expect([...file.list]).toEqual(['a', 'b', 'finished'])
  })

  test('is read before anything else happens', async () => {
    expect((await follow('a\nb')).words()).toEqual(['a', 'b'])
  })

  test('is read again when the file is written', async () => {
    const { path, words, log } = await follow('a')
    await writeFile(path, 'b\nc')
    await eventually(words).toEqual(['b', 'c'])
    expect(log).toEqual(['a list has changed: 2'])
  })

  test('is read again each time another file replaces it', async () => {
    const { path, words } = await follow('a')
    for (const word of ['b', 'c', 'd']) {
      await writeFile(`${path}.new`, word)
      await rename(`${path}.new`, path)
      await eventually(words).toEqual([word])
    }
  })

  test('is read again when the file has the same length and the same time as before', async () => {
    const { path, words } = await follow('a')
    await utimes(path, 1000, 1000)
    await sleep(LONG_ENOUGH)
    await writeFile(`${path}.new`, 'b')
    await utimes(`${path}.new`, 1000, 1000)
    await rename(`${path}.new`, path)
    await eventually(words).toEqual(['b'])
  })

  test('is read again when a link on the way to it changes', async () => {
    const folder = await temporaryFolder()
    for (const name of ['one', 'two']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'list'), name)
    }
    await symlink('one', join(folder, 'current'))
    await symlink('current/list', join(folder, 'list'))
    const { words } = await follow('', { path: join(folder, 'list') })
    await symlink('two', join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
    await eventually(words).toEqual(['two'])
  })

  test('is read again without a notification, by looking', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'old'))
    await writeFile(join(folder, 'old', 'list'), 'a')
    const { words } = await follow('', { path: join(folder, 'old', 'list'), pollInterval: 50 })
    // The folder that is watched is another one from here on.
    await mkdir(join(folder, 'new'))
    await writeFile(join(folder, 'new', 'list'), 'b')
    await rename(join(folder, 'old'), join(folder, 'gone'))
    await rename(join(folder, 'new'), join(folder, 'old'))
    await eventually(words).toEqual(['b'])
  })

  test('stays the same while the file is broken, which is logged once, until it is repaired', async () => {
    const { path, words, log } = await follow('a', { pollInterval: 50 })
    await writeFile(path, 'b\nbad\n')
    await eventually(() => log).toEqual([
      `cannot read a list, so it stays as it was: ${path}:2: "bad" is no good word`,
    ])
    await sleep(LONG_ENOUGH)
    expect([words(), log.length]).toEqual([['a'], 1])
    await writeFile(path, 'b')
    await eventually(words).toEqual(['b'])
  })

  test('stays the same while the file is missing', async () => {
    const { path, words, log } = await follow('a', { pollInterval: 50 })
    await unlink(path)
    await eventually(() => log).toEqual([expect.stringMatching(/stays as it was: .*list: ENOENT/)])
    expect(words()).toEqual(['a'])
    await writeFile(path, 'b')
    await eventually(words).toEqual(['b'])
    await rm(join(path, '..'), { recursive: true })
    await eventually(() => log.length).toBe(3)
    expect(words()).toEqual(['b'])
  })

  test('ends with the last contents of the file, however often it was written', async () => {
    const { path, words } = await follow('a')
    for (let line = 1; line <= 40; line++) {
      await appendFile(path, `\nword ${line}`)
      await sleep(10)
    }
    await eventually(() => words().length).toBe(41)
  })

  test('is not taken for empty as soon as its file is emptied, which may be to be written', async () => {
    const { path, words, log } = await follow('a')
    await writeFile(path, '')
    await sleep(LONG_ENOUGH)
    expect([words(), log]).toEqual([['a'], []])
  })

  test('is taken for empty when its file stays so', async () => {
    const { path, words } = await follow('a', { pollInterval: 50 })
    await writeFile(path, '')
    await eventually(words).toEqual([])
  })

  test('is read again where the system cannot watch its folder', async () => {
    const folder = join(await temporaryFolder(), 'folder')
    await mkdir(folder)
    const path = join(folder, 'list')
    await writeFile(path, 'a')
    const file = await ListFile.read({ path, format: wordList, pollInterval: 50, log: SILENT })
    onTestFinished(() => file.close())
    await rm(folder, { recursive: true })
    file.watch()
    await mkdir(folder)
    await writeFile(path, 'b')
    await eventually(() => [...file.list]).toEqual(['b'])
  })

  test('ignores other files of its folder', async () => {
    const { path, words, log } = await follow('a')
    await writeFile(`${path}.other`, 'b')
    await sleep(LONG_ENOUGH)
    expect([words(), log]).toEqual([['a'], []])
  })

  test('is not read again once it is closed', async () => {
    const path = join(await temporaryFolder(), 'list')
    await writeFile(path, 'a')
    const file = await ListFile.read({ path, format: wordList, pollInterval: 50, log: SILENT })
    file.watch()
    await writeFile(path, 'b')
    await file.close()
    await writeFile(path, 'c')
    await sleep(LONG_ENOUGH)
    expect([...file.list]).not.toEqual(['c'])
  })
})

describe('a list that cannot be read at first', () => {
  test('names the line and its error', async () => {
    const path = join(await temporaryFolder(), 'list')
    await writeFile(path, 'good\nbad')
    const read = ListFile.read({ path, format: wordList, log: SILENT })
    await expect(read).rejects.toMatchObject({
      code: 'TRK_ERR_LIST',
      message: `${path}:2: "bad" is no good word`,
    })
  })

  test('names the missing file', async () => {
    const path = join(await temporaryFolder(), 'list')
    const read = ListFile.read({ path, format: wordList, log: SILENT })
    await expect(read).rejects.toMatchObject({
      code: 'TRK_ERR_LIST',
      message: expect.stringContaining(`${path}: ENOENT`),
    })
  })
})
