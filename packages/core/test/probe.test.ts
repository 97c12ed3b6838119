import { Probe, ProbeTimeout } from '@chihaya/core'
import { describe, expect, test } from 'vitest'

/** A question that the test answers, and how often it was asked. */
class Question {
  asked = 0
  settle: (answer: Promise<string>) => void = () => undefined

  readonly ask = (): Promise<string> => {
    this.asked++
    return new Promise((resolve) => (this.settle = resolve))
  }
}

/** Lets a probe that has been read ask its question. */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a probe', () => {
  test('runs one check for all concurrent readers, and again when the answer is old', async () => {
    let now = 0
    const question = new Question()
    const probe = new Probe(question.ask, { maxAge: 1000, now: () => now })
    const readers = [probe.read(), probe.read()]
    await nextTurn()
    question.settle(Promise.resolve('first'))
    expect(await Promise.all([...readers, probe.read()])).toEqual(['first', 'first', 'first'])
    now = 999
    expect(await probe.read()).toBe('first')
    expect(question.asked).toBe(1)
    now = 1000
    const later = probe.read()
    await nextTurn()
    question.settle(Promise.resolve('second'))
    expect(await later).toBe('second')
  })

  test('keeps checking if the check takes no time', async () => {
    let asked = 0
    const probe = new Probe(() => ++asked, { maxAge: 0 })
    expect([await probe.read(), await probe.read(), await probe.read()]).toEqual([1, 2, 3])
  })

  test.each(['at once', 'later'])(
    'rejects with the error that the check throws %s, and runs it again',
    async (when) => {
      const error = new Error('no')
      let asked = 0
      const ask = (): Promise<never> => {
        asked++
        if (when === 'at once') throw error
        return Promise.reject(error)
      }
      const probe = new Probe(ask, { maxAge: 0 })
      await expect(probe.read()).rejects.toBe(error)
      await expect(probe.read()).rejects.toBe(error)
      expect(asked).toBe(2)
    },
  )

  test('stops waiting, runs no second check meanwhile, and uses the late answer', async () => {
    const question = new Question()
    const probe = new Probe(question.ask, { timeout: 10, maxAge: 0 })
    await expect(probe.read()).rejects.toBeInstanceOf(ProbeTimeout)
    await expect(probe.read()).rejects.toBeInstanceOf(ProbeTimeout)
    expect(question.asked).toBe(1)
    const late = probe.read()
    question.settle(Promise.resolve('late'))
    expect(await late).toBe('late')
    const next = probe.read()
    await nextTurn()
    question.settle(Promise.reject(new Error('down')))
    await expect(next).rejects.toThrow('down')
    expect(question.asked).toBe(2)
  })
})
