import { RequestMeter } from '@chihaya/core'
import { expect, test } from 'vitest'
import { RequestHistory } from '../src/request-history.ts'

/** A history on a clock of the test's, that takes a sample every five seconds. */
class Timeline {
  readonly meter = new RequestMeter()
  now = 1000
  readonly history = new RequestHistory(this.meter, () => this.now)

  /** Lets steps pass, with so many announces in each. */
  pass(steps: number, announces: number): void {
    for (let step = 0; step < steps; step++) {
      for (let count = 0; count < announces; count++)
        this.meter.count('udp', 'announce', 'ipv4', '', 98, 300, -1)
      this.now += 5000
      this.history.take()
    }
  }
}

test('rates cover the last minute', () => {
  const timeline = new Timeline()
  expect(timeline.history.figures()).toMatchObject({
    seconds: 0,
    history: [],
    highest: 0,
    total: { answeredPerSecond: 0 },
  })
  timeline.pass(2, 50)
  expect(timeline.history.figures()).toMatchObject({
    seconds: 10,
    total: { answered: 100, answeredPerSecond: 10 },
  })
  timeline.pass(12, 5)
  const { seconds, udp, http, total } = timeline.history.figures()
  expect(seconds).toBe(60)
  expect(total).toEqual({ answered: 160, refused: 0, answeredPerSecond: 1, refusedPerSecond: 0 })
  expect(udp.announce.ipv4).toEqual(total)
  expect([
    udp.announce.ipv6.answered,
    udp.connect.ipv4.answered,
    http.announce.ipv4.answered,
  ]).toEqual([0, 0, 0])
})

test('refusals are counted by text, the most frequent first', () => {
  const timeline = new Timeline()
  timeline.meter.count('http', 'announce', 'ipv6', 'invalid port', 1, 1, 1)
  for (const text of ['a hook said', 'so'])
    timeline.meter.count('udp', 'scrape', 'ipv4', text, 1, 1, 1)
  timeline.now += 2000
  const { refusals, total, http } = timeline.history.figures()
  expect(refusals).toEqual([
    { reason: 'other', requests: 2 },
    { reason: 'invalid port', requests: 1 },
  ])
  expect(total).toEqual({ answered: 0, refused: 3, answeredPerSecond: 0, refusedPerSecond: 1.5 })
  expect(http.announce.ipv6).toMatchObject({ answered: 0, refused: 1, refusedPerSecond: 0.5 })
})

test('the history covers five minutes', () => {
  const timeline = new Timeline()
  timeline.pass(1, 1000)
  timeline.pass(1, 10)
  expect(timeline.history.figures()).toMatchObject({ history: [200, 2], highest: 200 })
  timeline.pass(59, 20)
  const { history, highest } = timeline.history.figures()
  expect([history.length, history[0], history.at(-1), highest]).toEqual([60, 2, 4, 4])
})

test('a moment is too short for a rate', () => {
  const timeline = new Timeline()
  timeline.meter.count('udp', 'announce', 'ipv4', '', 98, 300, -1)
  timeline.now += 100
  expect(timeline.history.figures().total).toEqual({
    answered: 1,
    refused: 0,
    answeredPerSecond: 0,
    refusedPerSecond: 0,
  })
})

test('a running history does not keep the process alive', () => {
  const { history } = new Timeline()
  const before = process
    .getActiveResourcesInfo()
    .filter((resource) => resource === 'Timeout').length
  history.start()
  history.start()
  expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length).toBe(
    before,
  )
  history.stop()
})
