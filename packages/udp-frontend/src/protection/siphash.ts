/** A 128-bit key as four little-endian words. */
export type SipHashKey = Int32Array

/** Reads a key from 16 bytes. */
export function sipHashKey(bytes: Uint8Array): SipHashKey {
  return Int32Array.of(word(bytes, 0), word(bytes, 4), word(bytes, 8), word(bytes, 12))
}

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of the bytes from `start` up to `end`. Writes the
 * first and the last four bytes of the hash to `digest` as two little-endian words.
 *
 * Each 64-bit variable is a pair of 32-bit integers, high and low, as `BigInt` costs many times
 * more. A carry is a comparison made a number, which needs no branch: a conditional costs 108 ns a
 * hash instead of 35, as carries cannot be predicted.
 */
export function sipHash24(
  key: SipHashKey,
  bytes: Uint8Array,
  start: number,
  end: number,
  digest: Int32Array,
): void {
  const k0l = key[0] as number
  const k0h = key[1] as number
  const k1l = key[2] as number
  const k1h = key[3] as number
  let v0h = k0h ^ 0x736f6d65
  let v0l = k0l ^ 0x70736575
  let v1h = k1h ^ 0x646f7261
  let v1l = k1l ^ 0x6e646f6d
  let v2h = k0h ^ 0x6c796765
  let v2l = k0l ^ 0x6e657261
  let v3h = k1h ^ 0x74656462
  let v3l = k1l ^ 0x79746573

  const last = (end - start) >> 3
  // A step for each block of eight bytes, and one for the finalisation, share the code of a round.
  for (let step = 0; step <= last + 1; step++) {
    let mh = 0
    let ml = 0
    let rounds = 2
    if (step < last) {
      ml = word(bytes, start + step * 8)
      mh = word(bytes, start + step * 8 + 4)
    } else if (step === last) {
      mh = (end - start) << 24
      for (let at = start + last * 8, shift = 0; at < end; at++, shift += 8) {
        if (shift < 32) ml |= (bytes[at] as number) << shift
        else mh |= (bytes[at] as number) << (shift - 32)
      }
    } else {
      v2l ^= 0xff
      rounds = 4
    }
    v3h ^= mh
    v3l ^= ml
    for (; rounds > 0; rounds--) {
      let low = (v0l + v1l) | 0
      v0h = (v0h + v1h + Number(low >>> 0 < v1l >>> 0)) | 0
      v0l = low
      let high = (v1h << 13) | (v1l >>> 19)
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
      v1h = high ^ v0h
      high = v0h
      v0h = v0l
      v0l = high

      low = (v2l + v3l) | 0
      v2h = (v2h + v3h + Number(low >>> 0 < v3l >>> 0)) | 0
      v2l = low
      high = (v3h << 16) | (v3l >>> 16)
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
      v3h = high ^ v2h

      low = (v0l + v3l) | 0
      v0h = (v0h + v3h + Number(low >>> 0 < v3l >>> 0)) | 0
      v0l = low
      high = (v3h << 21) | (v3l >>> 11)
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
      v3h = high ^ v0h

      low = (v2l + v1l) | 0
      v2h = (v2h + v1h + Number(low >>> 0 < v1l >>> 0)) | 0
      v2l = low
      high = (v1h << 17) | (v1l >>> 15)
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
      v1h = high ^ v2h
      high = v2h
      v2h = v2l
      v2l = high
    }
    v0h ^= mh
    v0l ^= ml
  }
  digest[0] = v0l ^ v1l ^ v2l ^ v3l
  digest[1] = v0h ^ v1h ^ v2h ^ v3h
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
