import { describe, expect, it } from 'vitest'
import { nearest } from '../src/config/did-you-mean.ts'

const KEYS = [
  'announce_interval',
  'min_announce_interval',
  'http',
  'udp',
  'storage',
  'prehooks',
  'posthooks',
]

describe('the nearest word', () => {
  it.each([
    ['announce_intervall', 'announce_interval'],
    ['AnnounceInterval', 'announce_interval'],
    ['htpp', 'http'],
    ['prehook', 'prehooks'],
    ['posthoks', 'posthooks'],
    ['udp4', 'udp'],
    ['completely_different', undefined],
    ['', undefined],
  ])('to %j is %j', (word, key) => {
    expect(nearest(word, KEYS)).toBe(key)
  })
})
