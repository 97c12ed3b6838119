import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, parseAddress, type Address } from '@chihaya/bittorrent'
import { ListFile } from '@chihaya/core/lists'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { networkList } from '../src/network-list.ts'
import type { RangeTable } from '../src/range-table.ts'

const LOG = { info: () => undefined, error: () => undefined }

interface ReadFile {
  readonly path: string
  readonly list: () => Promise<RangeTable>
}

async function file(contents: string, name = 'list.txt'): Promise<ReadFile> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  await writeFile(path, Buffer.from(contents, 'latin1'))
  return {
    path,
    list: async () => (await ListFile.read({ path, format: networkList, log: LOG })).list,
  }
}

/** Which of the addresses are in a list. */
function within(list: RangeTable, ...addresses: string[]): string[] {
  return addresses.filter((address) => list.get(parseAddress(address) as Address) > 0)
}

/** The line alone, as a list. */
async function lineOf(text: string): Promise<RangeTable> {
  return (await file(text)).list()
}

describe('a line of a list', () => {
  test.each<[line: string, first: string, last: string, outside: string[]]>([
    ['192.0.2.7 # the campus', '192.0.2.7', '192.0.2.7', ['192.0.2.6', '192.0.2.8']],
    [
      '192.0.2.1-192.0.2.99 # 10.0.0.1',
      '192.0.2.1',
      '192.0.2.99',
      ['192.0.2.0', '192.0.2.100', '10.0.0.1'],
    ],
    ['2001:db8::1 - 2001:db8::9', '2001:db8::1', '2001:db8::9', ['2001:db8::', '2001:db8::a']],
    // PeerGuardian.
    ['Some Organisation:1.2.3.4-1.2.3.5', '1.2.3.4', '1.2.3.5', ['1.2.3.3', '1.2.3.6']],
    [
      'A - B, Inc: Department #5 (x:y):001.002.003.004-001.002.003.005\r',
      '1.2.3.4',
      '1.2.3.5',
      ['1.2.3.3', '1.2.3.6'],
    ],
    ['Department #5:1.2.3.4-1.2.3.5', '1.2.3.4', '1.2.3.5', ['1.2.3.3', '1.2.3.6']],
    ['10.0.0.7 # not a name:1.2.3.4-1.2.3.5', '10.0.0.7', '10.0.0.7', ['1.2.3.4']],
    [':1.2.3.4-1.2.3.5', '1.2.3.4', '1.2.3.5', ['1.2.3.3']],
    ['1.2.3.4-1.2.3.5:9.9.9.8-9.9.9.9', '9.9.9.8', '9.9.9.9', ['1.2.3.4']],
    ['Soci\xe9t\xe9 \x00\xff:1.2.3.4-1.2.3.5  # seen in May', '1.2.3.4', '1.2.3.5', ['1.2.3.3']],
    ['Name: of a host:2001:db8::1-2001:db8::9', '2001:db8::1', '2001:db8::9', ['2001:db8::a']],
    // eMule.
    [
      '001.002.003.000 - 001.002.003.255 , 000 , Some: Organisation, Ltd',
      '1.2.3.0',
      '1.2.3.255',
      ['1.2.2.255', '1.2.4.0'],
    ],
    ['001.002.003.000-001.002.003.255,127,x:9.9.9.8-9.9.9.9', '1.2.3.0', '1.2.3.255', ['9.9.9.9']],
    ['1.2.3.0 - 1.2.3.255 , 8', '1.2.3.0', '1.2.3.255', ['1.2.4.0']],
    ['1.2.3.0 - 1.2.3.255 , 000 , # 7', '1.2.3.0', '1.2.3.255', ['1.2.4.0']],
  ])('%j holds %s to %s', async (line, first, last, outside) => {
    const list = await lineOf(line)
    expect(list.size).toBe(1)
    expect(within(list, first, last, ...outside)).toEqual([first, last])
  })

  test.each(['128', '200', '999'])(
    'of eMule with access level %s blocks no address',
    async (level) => {
      const list = await lineOf(`001.002.003.000 - 001.002.003.255 , ${level} , allowed`)
      expect([list.size, within(list, '1.2.3.4')]).toEqual([0, []])
    },
  )

  test.each([
    ['localhost', '"localhost" is neither an address nor a range of addresses'],
    ['192.0.2.07', '"192.0.2.07" is neither an address nor a range of addresses'],
    [
      'Some Organisation:1.2.3.4',
      '"Some Organisation:1.2.3.4" is neither an address nor a range of addresses',
    ],
    [
      'Some-Organisation:1.2.3.4-1.2.3',
      '"Some-Organisation:1.2.3.4-1.2.3" is neither an address nor a range of addresses',
    ],
    ['Some Organisation:1.2.3.5-1.2.3.4', '"1.2.3.5-1.2.3.4" ends before it begins'],
    [
      '1.2.3.4 - 1.2.3.5 , low , x',
      '"1.2.3.4 - 1.2.3.5 " needs an access level after it, such as 000',
    ],
    ['1.2.3.4 - 1.2.3.5 ,', '"1.2.3.4 - 1.2.3.5 " needs an access level after it, such as 000'],
    ['1.2.3.4 , 000 , x', '"1.2.3.4 , 000 , x" is neither an address nor a range of addresses'],
  ])('%j is refused with file and line', async (line, message) => {
    const { path, list } = await file(`# a list\n\n10.0.0.0/8\n${line}\n192.0.2.7\n`)
    await expect(list()).rejects.toThrow(`${path}:4: ${message}`)
  })
})

describe('a file', () => {
  test('may mix all forms, whatever its name', async () => {
    const contents =
      '\xef\xbb\xbf# Preamble\r\n10.0.0.0/8\r\nGr\xfc\xdfe, Inc.:1.2.3.4-1.2.3.5\r\n\r\n' +
      '009.009.009.000 - 009.009.009.009 , 100 , x\r\n# 8.8.8.8\r\n192.0.2.1-192.0.2.99'
    for (const name of ['list.txt', 'level1.p2p', 'ipfilter.dat']) {
      // oxlint-disable-next-line no-await-in-loop
      const list = await (await file(contents, name)).list()
      expect(list.size).toBe(4)
      expect(
        within(list, '10.1.1.1', '1.2.3.5', '9.9.9.9', '192.0.2.50', '8.8.8.8', '1.2.3.6'),
      ).toEqual(['10.1.1.1', '1.2.3.5', '9.9.9.9', '192.0.2.50'])
    }
  })
})

describe('any range', () => {
  const pair = fc
    .tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff))
    .map((pairOf) => pairOf.toSorted((one, other) => one - other) as [number, number])
  const bytes = (number: number): Uint8Array =>
    Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)
  const plain = (number: number): string => formatAddress(bytes(number))
  const padded = (number: number): string =>
    [...bytes(number)].map((byte) => String(byte).padStart(3, '0')).join('.')
  // Anything but a line's end; a # at the start makes a comment of it.
  const name = fc
    .array(
      fc.oneof(
        fc.constantFrom(...':-,. 0123456789#'.split('')),
        fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
      ),
    )
    .map((characters) => characters.join('').replace(/^[ #]+/, ''))
  const form = fc.constantFrom<(first: number, last: number, name: string) => string>(
    (first, last) => `${plain(first)}-${plain(last)}`,
    (first, last, text) => `x${text}:${plain(first)}-${plain(last)}`,
    (first, last, text) => `${padded(first)} - ${padded(last)} , 000 , ${text}`,
  )

  test('is read back from every form, under any name', () => {
    fc.assert(
      fc.property(pair, name, form, ([first, last], text, write) => {
        const added: unknown[] = []
        const line = Buffer.from(write(first, last, text), 'latin1')
        networkList.add(
          { add: (range: unknown) => added.push(range) } as unknown as RangeTable,
          line,
          0,
          line.length,
        )
        expect(added).toEqual([{ first: bytes(first), last: bytes(last) }])
      }),
      { numRuns: 1000 },
    )
  })

  test('is read back from a file with many of them', async () => {
    const entry = fc.tuple(pair, name, form)
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 40 }), async (entries) => {
        const lines = entries.map(([[first, last], text, write]) => write(first, last, text))
        const list = await (await file(lines.join('\r\n'))).list()
        expect(list.size).toBe(entries.length)
        for (const [[first, last]] of entries) {
          expect([list.get(bytes(first)), list.get(bytes(last))]).not.toContain(0)
        }
      }),
    )
  })

  test('arbitrary lines are a range or a RangeError', () => {
    const line = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'019.:-, #x\xff'.split('')), maxLength: 60 }),
      fc.uint8Array({ maxLength: 60 }).map((each) => Buffer.from(each).toString('latin1')),
    )
    fc.assert(
      fc.property(line, (each) => {
        const bytesOfLine = Buffer.from(each, 'latin1')
        try {
          networkList.add(networkList.create(0), bytesOfLine, 0, bytesOfLine.length)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
