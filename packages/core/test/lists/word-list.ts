import { byteString } from '@chihaya/bittorrent'
import type { ListFormat } from '@chihaya/core/lists'

/** A list of words, in which `bad` is invalid. */
export const wordList: ListFormat<Set<string>> = {
  create: () => new Set(),
  add(words, bytes, start, end) {
    const word = byteString(bytes, start, end)
    if (word === 'bad') throw new RangeError('"bad" is no good word')
    words.add(word)
  },
}
