import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { openList, type ListSource } from '@chihaya/core/lists'
import { temporaryFolder } from './folder.ts'
import { wordList } from './word-list.ts'

function source(entries: string[], file?: string): ListSource {
  return { option: 'blacklist', entries, file }
}

describe('a list', () => {
  test('has a part in the options and a part in a file, which is followed while the application runs', async () => {
    const file = join(await temporaryFolder(), 'list')
    await writeFile(file, 'b')
    await using app = Fastify()
    const list = await openList(app, 'name', source(['a'], file), wordList)
    await app.ready()
    expect([[...list.inOptions], [...list.inFile]]).toEqual([['a'], ['b']])
    await writeFile(file, 'c\nd')
    await expect.poll(() => [...list.inFile], { timeout: 20_000 }).toEqual(['c', 'd'])
  })

  test('may have no file', async () => {
    await using app = Fastify()
    const list = await openList(app, 'name', source(['a']), wordList)
    expect([[...list.inOptions], [...list.inFile]]).toEqual([['a'], []])
  })

  test('names the option with an entry that is wrong', async () => {
    await using app = Fastify()
    const opened = openList(app, 'name', source(['a', 'bad']), wordList)
    await expect(opened).rejects.toMatchObject({
      code: 'TRK_ERR_OPTIONS',
      message: 'name: options/blacklist/1: "bad" is no good word',
    })
  })
})
