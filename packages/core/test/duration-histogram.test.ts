import { describe, expect, test } from 'vitest'
import { DURATION_BUCKETS, DurationHistogram } from '../src/index.ts'

describe('a histogram of durations', () => {
  test('counts each duration in one bucket, which includes its bound', () => {
    const histogram = new DurationHistogram([1, 10])
    for (const milliseconds of [0, 1, 1.5, 10, 10.5]) histogram.observe(milliseconds)
    expect(histogram.read()).toEqual({ bounds: [1, 10], counts: [2, 2, 1], count: 5, sum: 23 })
  })

  test('gives readings that do not change any more', () => {
    const histogram = new DurationHistogram()
    const before = histogram.read()
    histogram.observe(1)
    expect([before.count, before.counts[0]]).toEqual([0, 0])
  })

  test("has Chihaya's bounds unless it is given others", () => {
    expect(new DurationHistogram().read().bounds).toEqual([
      9.375, 18.75, 37.5, 75, 150, 300, 600, 1200, 2400, 4800,
    ])
    expect(DURATION_BUCKETS).toHaveLength(10)
  })
})
