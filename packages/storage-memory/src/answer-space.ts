const CHUNK_WORDS = 32 * 1024

/**
 * Room for the bytes of answers, many to a chunk: an `ArrayBuffer` for each answer would cost more than the answer. A chunk
 * is never written twice in one place, so an answer stays as it is for as long as anyone holds it.
 */
export class AnswerSpace {
  words: Uint16Array = new Uint16Array(0)
  /** The next free word. */
  at = 0

  /** Sees to it that `words` has room for `count` more from `at` on. */
  reserve(count: number): void {
    if (this.at + count <= this.words.length) return
    this.words = new Uint16Array(Math.max(CHUNK_WORDS, count))
    this.at = 0
  }

  /** The next `count` words, as bytes, for good. */
  take(count: number): Uint8Array {
    const bytes = new Uint8Array(this.words.buffer, this.at * 2, count * 2)
    this.at += count
    return bytes
  }
}
