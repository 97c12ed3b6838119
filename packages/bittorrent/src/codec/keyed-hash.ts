const LENGTH_MARK = 0xff

/**
 * HalfSipHash-1-3 (Aumasson, Bernstein). Strangers choose infohashes, addresses and ports, so their
 * tables are keyed by a secret of this process, and nobody else can aim at one bucket. Inputs are
 * 32-bit words of a fixed length for each table, so the final length word of the original is left
 * out.
 */
export class KeyedHash {
  readonly #key0: number
  readonly #key1: number

  /** `key0` and `key1` are 32 random bits each. */
  constructor(key0: number, key1: number) {
    this.#key0 = key0 | 0
    this.#key1 = key1 | 0
  }

  /**
   * Hashes `count` words from `at` on; of the last one, only the bits in `lastMask`. The result is
   * a signed 32-bit integer: V8 would allocate an object for each unsigned one above 2^31 - 1.
   */
  of(u32: Uint32Array, at: number, count: number, lastMask: number): number {
    let v0 = this.#key0
    let v1 = this.#key1
    let v2 = 0x6c796765 ^ v0
    let v3 = 0x74656462 ^ v1
    const last = at + count - 1
    for (let index = at; index <= last; index++) {
      const message = index === last ? (u32[index] as number) & lastMask : (u32[index] as number)
      v3 ^= message
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= message
    }
    v2 ^= LENGTH_MARK
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    return v1 ^ v3
  }
}
