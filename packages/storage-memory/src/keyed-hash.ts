/**
 * HalfSipHash-1-3 (Aumasson, Bernstein): infohashes, addresses and ports are chosen by strangers, so the tables that hold
 * them are keyed by a secret of this process, and nobody outside can aim at one bucket.
 */
export class KeyedHash {
  readonly #key0: number
  readonly #key1: number

  /** `key0` and `key1` are 32 random bits each. */
  constructor(key0: number, key1: number) {
    this.#key0 = key0 | 0
    this.#key1 = key1 | 0
  }

  /** 32 bits over `count` words of 16 bits from `at` on. */
  words(words: Uint16Array, at: number, count: number): number {
    let v0 = this.#key0
    let v1 = this.#key1
    let v2 = 0x6c796765 ^ v0
    let v3 = 0x74656462 ^ v1
    // One more turn than there is message takes in its length, three more finish.
    const turns = (count >> 1) + 4
    for (let turn = 0; turn < turns; turn++) {
      let message = 0
      if (turn < turns - 4) message = words[at + 2 * turn]! | (words[at + 2 * turn + 1]! << 16)
      else if (turn === turns - 4) message = (count << 25) | (count & 1 ? words[at + count - 1]! : 0)
      else if (turn === turns - 3) v2 ^= 0xff
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
    return (v1 ^ v3) >>> 0
  }
}
