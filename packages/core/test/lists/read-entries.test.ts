import { open, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteString } from '@chihaya/bittorrent'
import { EntryError, readEntries, type TakeEntry } from '../../src/lists/read-entries.ts'
import { temporaryFolder } from './folder.ts'

const CHUNK = 65_536

async function entriesOf(contents: string | Uint8Array, file?: string): Promise<string[]> {
  const path = file ?? join(await temporaryFolder(), 'list')
  await writeFile(path, typeof contents === 'string' ? Buffer.from(contents, 'latin1') : contents)
  const entries: string[] = []
  await using handle = await open(path)
  await readEntries(
    handle,
    (bytes, start, end) => {
      const entry = byteString(bytes, start, end)
      if (entry === 'bad') throw new RangeError('no good')
      entries.push(entry)
    },
    new AbortController().signal,
  )
  return entries
}

test('an entry comes with its whole line, for formats that allow a # in entries', async () => {
  const path = join(await temporaryFolder(), 'list')
  await writeFile(path, '# x\n  a #1: b \t\r\nc\nd #')
  const seen: string[][] = []
  await using handle = await open(path)
  const take: TakeEntry = (bytes, start, end, lineEnd) => {
    seen.push([byteString(bytes, start, end), byteString(bytes, start, lineEnd)])
  }
  await readEntries(handle, take, new AbortController().signal)
  expect(seen).toEqual([
    ['a', 'a #1: b'],
    ['c', 'c'],
    ['d', 'd #'],
  ])
})

describe('the entries of a list', () => {
  test.each<[contents: string, entries: string[]]>([
    ['', []],
    ['a', ['a']],
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\n  \t a b \t \n\n', ['a b']],
    ['# nothing\na # the first\n\t# more nothing\nb\t#c', ['a', 'b']],
    ['a#b\n#\n# # #', ['a#b']],
    ['\xef\xbb\xbfa\nb', ['a', 'b']],
    ['a\n\xef\xbb\xbfb', ['a', '\xef\xbb\xbfb']],
    ['\x00\xff\n\x80', ['\x00\xff', '\x80']],
  ])('of %j are %j', async (contents, entries) => {
    expect(await entriesOf(contents)).toEqual(entries)
  })

  test.each([CHUNK - 1, CHUNK, CHUNK + 1])(
    'are whole wherever a chunk ends, as after %d bytes',
    async (length) => {
      const filler = 'x'.repeat(41)
      const lines = Array.from({ length: 2000 }, (_, index) => `${index}${filler}`)
      const first = 'y'.repeat(length - CHUNK + 100)
      expect(await entriesOf([first, ...lines].join('\n'))).toEqual([first, ...lines])
    },
  )

  test('are the same if the file is read byte by byte', async () => {
    const contents = Buffer.from('\xef\xbb\xbfa # the first\r\nb\n', 'latin1')
    const entries: string[] = []
    let at = 0
    const read = async (buffer: Uint8Array, offset: number): Promise<{ bytesRead: number }> => {
      if (at === contents.length) return { bytesRead: 0 }
      buffer[offset] = contents.readUInt8(at++)
      return { bytesRead: 1 }
    }
    const take = (bytes: Uint8Array, start: number, end: number): void =>
      void entries.push(byteString(bytes, start, end))
    await readEntries({ read } as unknown as FileHandle, take, new AbortController().signal)
    expect(entries).toEqual(['a', 'b'])
  })

  test('may be as long as a chunk, line end included, and no longer', async () => {
    const longest = 'x'.repeat(CHUNK - 1)
    expect(await entriesOf(`a\n${longest}\nb`)).toEqual(['a', longest, 'b'])
    await expect(entriesOf(`a\n${longest}x\nb`)).rejects.toThrow(
      new EntryError(2, 'the line is too long'),
    )
  })

  test.each<[string, number]>([
    ['bad', 1],
    ['\xef\xbb\xbfbad', 1],
    ['a\n\n# c\n bad # it is\nb', 4],
    [`${'x\n'.repeat(CHUNK)}bad`, CHUNK + 1],
  ])('name the line of one that is wrong', async (contents, line) => {
    await expect(entriesOf(contents)).rejects.toMatchObject({ line, message: 'no good' })
  })

  test('match the lines of any file', async () => {
    const file = join(await temporaryFolder(), 'list')
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(9, 10, 13, 32, 35))
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 16_384 }),
        fc.array(byte, { maxLength: 200 }),
        async (noise, bytes) => {
          const contents = Buffer.concat([Buffer.from(bytes), noise])
          const text = contents.toString('latin1').replace(/^\xef\xbb\xbf/, '')
          const expected = text
            .split('\n')
            .map((line) =>
              line.replace(/^[ \t\r]*(#.*)?$|[ \t\r]#.*$/s, '').replace(/^[ \t\r]+|[ \t\r]+$/g, ''),
            )
          expect(await entriesOf(contents, file)).toEqual(expected.filter((entry) => entry !== ''))
        },
      ),
    )
  })
})
