import type { Address } from '@chihaya/bittorrent'

/** Compares two addresses of `words` 32-bit numbers each: below 0, 0 or above 0. */
export function compareWords(
  some: Uint32Array,
  at: number,
  others: Uint32Array,
  otherAt: number,
  words: number,
): number {
  for (let word = 0; word < words; word++) {
    const one = some[at + word] as number
    const other = others[otherAt + word] as number
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** 32 bits of an address; 0 is the first word. */
export function wordOf(address: Address, word: number): number {
  const at = word * 4
  return (
    (((address[at] as number) << 24) |
      ((address[at + 1] as number) << 16) |
      ((address[at + 2] as number) << 8) |
      (address[at + 3] as number)) >>>
    0
  )
}
