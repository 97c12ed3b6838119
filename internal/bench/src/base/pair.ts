import { THIS_TREE, type Checkout } from '../checkout.ts'
import { median } from '../median.ts'
import type { Row } from '../table.ts'

/** The readings of both checkouts, round by round. */
export interface Pairs<Reading> {
  readonly own: readonly Reading[]
  readonly base: readonly Reading[]
}

/**
 * Reads both checkouts in each round. The order alternates, as the second finds a warmer machine.
 */
export async function readPairs<Reading>(
  base: Checkout,
  rounds: number,
  read: (tree: Checkout) => Promise<Reading>,
): Promise<Pairs<Reading>> {
  const pairs = { own: [] as Reading[], base: [] as Reading[] }
  for (let round = 0; round < rounds; round++) {
    const sides: Array<[Checkout, Reading[]]> = [
      [THIS_TREE, pairs.own],
      [base, pairs.base],
    ]
    if (round % 2 === 1) sides.reverse()
    // One at a time: they would disturb each other.
    // oxlint-disable-next-line no-await-in-loop
    for (const [tree, readings] of sides) readings.push(await read(tree))
  }
  return pairs
}

/**
 * The median of the rounds' ratios, this tree's reading to the base's, and their range. Of nine
 * rounds, the range leaves out the least and the greatest ratio, and holds the true median with a
 * confidence of 96 %; of seven, the whole range does so with 98 %.
 */
export function ratioRow<Reading>(
  what: string,
  pairs: Pairs<Reading>,
  valueOf: (reading: Reading) => number,
  format: (value: number) => string,
): Row {
  const own = pairs.own.map(valueOf)
  const base = pairs.base.map(valueOf)
  const ratios = own.map((value, round) => value / (base[round] ?? Number.NaN))
  const sorted = [...ratios].sort((a, b) => a - b)
  const range = sorted.length < 9 ? sorted : sorted.slice(1, -1)
  const [least, greatest] = [range.at(0), range.at(-1)].map((ratio) => ratio?.toFixed(3))
  return {
    what: `${what}: ${format(median(own))}, base ${format(median(base))}`,
    measured: `${median(ratios).toFixed(3)} × (${least} to ${greatest})`,
    target: '',
    met: true,
  }
}
