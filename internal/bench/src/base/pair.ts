import { THIS_TREE, type Checkout } from '../checkout.ts'
import { median } from '../median.ts'
import type { Row } from '../table.ts'

export interface PairInit {
  readonly what: string
  readonly base: Checkout
  readonly rounds: number
  /** One reading of a checkout. */
  readonly read: (tree: Checkout) => Promise<number>
  readonly format: (value: number) => string
}

/**
 * Reads both checkouts in each round, the first one alternating, as the second finds a warmer
 * machine. The row has the median of the rounds' ratios, this tree's reading to the base's.
 */
export async function pair({ what, base, rounds, read, format }: PairInit): Promise<Row> {
  const own: number[] = []
  const others: number[] = []
  for (let round = 0; round < rounds; round++) {
    const sides: Array<[Checkout, number[]]> = [
      [THIS_TREE, own],
      [base, others],
    ]
    if (round % 2 === 1) sides.reverse()
    // One at a time: they would disturb each other.
    // oxlint-disable-next-line no-await-in-loop
    for (const [tree, readings] of sides) readings.push(await read(tree))
  }
  const ratios = own.map((value, round) => value / (others[round] ?? Number.NaN))
  const range = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(3))
  return {
    what: `${what}: ${format(median(own))}, base ${format(median(others))}`,
    measured: `${median(ratios).toFixed(3)} × (${range.join(' to ')})`,
    target: '',
    met: true,
  }
}
