import { describe, expect, test } from 'vitest'
import {
  IntervalVariation,
  type Intervals,
  type IntervalVariationOptions,
} from '@chihaya/middleware-varinterval'

const OPTIONS = {
  modifyResponseProbability: 1,
  maxIncreaseDelta: 10,
  modifyMinInterval: false,
  symmetric: false,
}

/** What becomes of an answer when `random` gives these numbers one after another. */
function vary(
  options: Partial<IntervalVariationOptions>,
  answer: Intervals,
  ...numbers: number[]
): [number, number] {
  const varied = { ...answer }
  new IntervalVariation(
    { ...OPTIONS, ...options },
    () => numbers.shift() ?? expect.fail('one draw too many'),
  ).vary(varied)
  expect(numbers).toEqual([])
  return [varied.interval, varied.minInterval]
}

const USUAL = { interval: 1800, minInterval: 900 }

describe('an interval', () => {
  test('grows by at least one second and at most by the delta', () => {
    expect(vary({}, USUAL, 0, 0)).toEqual([1801, 900])
    expect(vary({}, USUAL, 0, 0.999)).toEqual([1810, 900])
  })

  test('moves its minimum along if configured', () => {
    expect(vary({ modifyMinInterval: true }, USUAL, 0, 0.5)).toEqual([1806, 906])
  })

  test('stays unchanged as often as the probability says', () => {
    expect(vary({ modifyResponseProbability: 0.25 }, USUAL, 0.25)).toEqual([1800, 900])
    expect(vary({ modifyResponseProbability: 0.25 }, USUAL, 0.249, 0)).toEqual([1801, 900])
  })

  test('grows and shrinks when it is symmetric', () => {
    const symmetric = { symmetric: true, modifyMinInterval: true }
    expect(vary(symmetric, USUAL, 0, 0)).toEqual([1790, 890])
    expect(vary(symmetric, USUAL, 0, 0.5)).toEqual([1800, 900])
    expect(vary(symmetric, USUAL, 0, 0.999)).toEqual([1810, 910])
  })

  test('never falls below its minimum, nor the minimum below 0', () => {
    expect(vary({ symmetric: true }, { interval: 900, minInterval: 900 }, 0, 0)).toEqual([900, 900])
    const both = { symmetric: true, modifyMinInterval: true }
    expect(vary(both, { interval: 900, minInterval: 900 }, 0, 0)).toEqual([900, 890])
    expect(vary(both, { interval: 1, minInterval: 0 }, 0, 0)).toEqual([1, 0])
  })

  test('always fits 31 bits', () => {
    const longest = { interval: 2 ** 31 - 1, minInterval: 2 ** 31 - 1 }
    const options = { modifyMinInterval: true, maxIncreaseDelta: 2 ** 31 - 1 }
    expect(vary(options, longest, 0, 0.999)).toEqual([2 ** 31 - 1, 2 ** 31 - 1])
  })

  test('is random each time, over the whole range', () => {
    const variation = new IntervalVariation({ ...OPTIONS, symmetric: true })
    const seen = new Set<number>()
    for (let draw = 0; draw < 10_000; draw++) {
      const answer = { ...USUAL }
      variation.vary(answer)
      seen.add(answer.interval)
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 21 }, (_, index) => 1790 + index),
    )
  })
})
