import { setTimeout as sleep } from 'node:timers/promises'
import { readinessOf } from '@chihaya/core'
import { expect, test } from 'vitest'
import { KeyServer } from './key-server.ts'
import { EC, RSA, token } from './tokens.ts'
import { Tracker } from './tracker.ts'

/** Asks until the keys' check says that. */
async function untilItSays(tracker: Tracker, text: string): Promise<boolean> {
  for (;;) {
    const { ready, checks } = await readinessOf(tracker.app).report()
    if (checks['jwt keys'] === text) return ready
    await sleep(50)
  }
}

test('a tracker without keys is not ready, and one with old keys is', async () => {
  await using keys = await KeyServer.start(RSA)
  keys.say(503, '')
  await using tracker = await Tracker.start({
    jwkSetUrl: keys.url,
    startWithoutKeys: true,
    jwkSetUpdateInterval: '1s',
    jwkSetMinUpdateInterval: '1s',
  })
  expect(await untilItSays(tracker, 'no keys yet')).toBe(false)
  keys.serve(RSA)
  expect(await untilItSays(tracker, 'ok')).toBe(true)
  keys.say(503, '')
  expect(await tracker.announce('http', token({}, EC))).toBe('unapproved request: invalid jwt')
  expect(await untilItSays(tracker, 'ok: the last update failed; the previous keys stay')).toBe(
    true,
  )
  keys.serve(RSA)
  expect(await untilItSays(tracker, 'ok')).toBe(true)
})
