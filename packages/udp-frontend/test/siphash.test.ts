import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sipHash24, sipHashKey } from '../src/protection/siphash.ts'

// The reference implementation's table: key 00 01 … 0f, message 00 01 … of 0 to 63 bytes.
const VECTORS: readonly string[] = `
  310e0edd47db6f72 fd67dc93c539f874 5a4fa9d909806c0d 2d7efbd796666785 b7877127e09427cf 8da699cd64557618
  cee3fe586e46c9cb 37d1018bf50002ab 6224939a79f5f593 b0e4a90bdf82009e f3b9dd94c5bb5d7a a7ad6b22462fb3f4
  fbe50e86bc8f1e75 903d84c02756ea14 eef27a8e90ca23f7 e545be4961ca29a1 db9bc2577fcc2a3f 9447be2cf5e99a69
  9cd38d96f0b3c14b bd6179a71dc96dbb 98eea21af25cd6be c7673b2eb0cbf2d0 883ea3e395675393 c8ce5ccd8c030ca8
  94af49f6c650adb8 eab8858ade92e1bc f315bb5bb835d817 adcf6b0763612e2f a5c91da7acaa4dde 716595876650a2a6
  28ef495c53a387ad 42c341d8fa92d832 ce7cf2722f512771 e37859f94623f3a7 381205bb1ab0e012 ae97a10fd434e015
  b4a31508beff4d31 81396229f0907902 4d0cf49ee5d4dcca 5c73336a76d8bf9a d0a704536ba93e0e 925958fcd6420cad
  a915c29bc8067318 952b79f3bc0aa6d4 f21df2e41d4535f9 87577519048f53a9 10a56cf5dfcd9adb eb75095ccd986cd0
  51a9cb9ecba312e6 96afadfc2ce666c7 72fe52975a4364ee 5a1645b276d592a1 b274cb8ebf87870a 6f9bb4203de7b381
  eaecb2a30b22a87f 9924a43cc1315724 bd838d3aafbf8db7 0b1a2a3265d51aea 135079a3231ce660 932b2846e4d70666
  e1915f5cb1eca46c f325965ca16d629f 575ff28e60381be5 724506eb4c328a95
`
  .trim()
  .split(/\s+/)

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index)

function hash(
  key: Uint8Array,
  message: Uint8Array,
  start = 0,
  end: number = message.length,
): string {
  const digest = new Int32Array(2)
  sipHash24(sipHashKey(key), message, start, end, digest)
  const bytes = Buffer.alloc(8)
  for (const [index, word] of digest.entries()) bytes.writeInt32LE(word, index * 4)
  return bytes.toString('hex')
}

const MASK = 2n ** 64n - 1n

/** SipHash-2-4 as in the paper, with 64-bit integers. */
function model(key: Uint8Array, message: Uint8Array): string {
  const rotate = (value: bigint, bits: bigint): bigint =>
    ((value << bits) | (value >> (64n - bits))) & MASK
  const word = (bytes: Uint8Array): bigint => Buffer.from(bytes).readBigUInt64LE()
  const k0 = word(key.subarray(0, 8))
  const k1 = word(key.subarray(8))
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const round = (): void => {
    v0 = (v0 + v1) & MASK
    v1 = rotate(v1, 13n) ^ v0
    v0 = rotate(v0, 32n)
    v2 = (v2 + v3) & MASK
    v3 = rotate(v3, 16n) ^ v2
    v0 = (v0 + v3) & MASK
    v3 = rotate(v3, 21n) ^ v0
    v2 = (v2 + v1) & MASK
    v1 = rotate(v1, 17n) ^ v2
    v2 = rotate(v2, 32n)
  }
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8)
  padded.set(message)
  padded[padded.length - 1] = message.length & 0xff
  for (let at = 0; at < padded.length; at += 8) {
    const block = word(padded.subarray(at, at + 8))
    v3 ^= block
    round()
    round()
    v0 ^= block
  }
  v2 ^= 0xffn
  for (let count = 0; count < 4; count++) round()
  const digest = Buffer.alloc(8)
  digest.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3)
  return digest.toString('hex')
}

describe('SipHash-2-4', () => {
  test("agrees with the paper's example", () => {
    expect(hash(KEY, KEY.subarray(0, 15))).toBe(
      Buffer.from('a129ca6149be45e5', 'hex').swap64().toString('hex'),
    )
  })

  test('agrees with all 64 reference vectors', () => {
    const message = Uint8Array.from({ length: 64 }, (_, index) => index)
    expect(VECTORS).toHaveLength(64)
    expect(VECTORS.map((_, length) => hash(KEY, message, 0, length))).toEqual(VECTORS)
  })

  test('agrees with 64-bit arithmetic for any key and message', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const property = fc.property(key, fc.uint8Array({ maxLength: 600 }), (bytes, message) => {
      expect(hash(bytes, message)).toBe(model(bytes, message))
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('reads only from start to end', () => {
    const message = Uint8Array.of(0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff)
    expect(hash(KEY, message, 1, 10)).toBe(VECTORS[9])
  })
})
