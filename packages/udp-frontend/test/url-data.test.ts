import type { Params } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { announce, errorText, type AnnounceFields } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'

/** The parameters of an announce with these options, as hooks see them. */
async function paramsOf(
  options: Uint8Array,
  fields: Partial<AnnounceFields> = {},
): Promise<Params> {
  const seen: Params[] = []
  const tracker = new TrackerUnderTest({
    options: { opentrackerIpv6: true },
    hooks: { preAnnounce: ({ params }) => void seen.push(params) },
  })
  const reply = await tracker.send(announce(await tracker.connect(), { ...fields, options }))
  expect(errorText(reply)).toBe(`(action ${fields.action ?? 1})`)
  return seen.at(0) as Params
}

function bytes(...parts: Array<number | string>): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1'))),
  )
}

describe('the options after an announce', () => {
  const cases: Array<[options: Buffer, path: string, values: Record<string, string | undefined>]> =
    [
      [bytes(), '', { a: undefined }],
      [bytes(2, 5, '/?a=b'), '/', { a: 'b' }],
      [bytes(2, 0), '', { a: undefined }],
      [bytes(2, 1), '', { a: undefined }],
      [bytes(2), '', { a: undefined }],
      [bytes(2, 8, '/c/d?a=b'), '/c/d', { a: 'b' }],
      [bytes(2, 2, '/?', 2, 3, 'a=b'), '/', { a: 'b' }],
      [bytes(2, 9, '/?a=b%20c'), '/', { a: 'b c' }],
      [bytes(2, 6, '/?a=%2', 2, 1, '0'), '/', { a: ' ' }],
      [bytes(2, 12, '/dir?a=b&c=d', 1, 1, 0), '/dir', { a: 'b', c: 'd' }],
      [bytes(1, 1, 2, 5, '/?a=b', 0, 255, 255), '/', { a: 'b' }],
      [bytes(3, 2, 0xaa, 0xbb, 2, 5, '/?a=b'), '/', { a: 'b' }],
      [bytes(0, 2, 5, '/?a=b'), '', { a: undefined }],
      [bytes(0, 0), '', { a: undefined }],
      [bytes(2, 5, '/?a=b', 2, 200, 'x'), '/', { a: 'b' }],
      [bytes(2, 6, '/?a=%z'), '/', { a: undefined }],
      [bytes(2, 13, '/?__proto__=x'), '/', { ['__proto__']: 'x', constructor: undefined }],
    ]
  test.each(cases)('%o', async (options, path, values) => {
    const params = await paramsOf(options)
    expect(params.path).toBe(path)
    for (const name of Object.keys(values)) expect(params.get(name)).toBe(values[name])
  })

  test('are read after an announce of action 4 too', async () => {
    const params = await paramsOf(bytes(2, 5, '/?a=b'), { action: 4, ip: Buffer.alloc(16) })
    expect(params.get('a')).toBe('b')
  })

  test('count up to 2560 bytes', async () => {
    const chunk = bytes(2, 255, 'x'.repeat(255))
    expect((await paramsOf(Buffer.concat(Array.from({ length: 11 }, () => chunk)))).path).toBe(
      'x'.repeat(2560),
    )
  })

  test('do not change the fields of the announce', async () => {
    const ports: number[] = []
    const tracker = new TrackerUnderTest({
      hooks: { preAnnounce: ({ port }) => void ports.push(port) },
    })
    await tracker.send(
      announce(await tracker.connect(), { options: bytes(2, 13, '/?port=1&ip=1') }),
    )
    expect(ports).toEqual([6881])
  })
})
