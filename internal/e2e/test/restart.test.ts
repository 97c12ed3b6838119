import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import { describe } from 'vitest'
import { actorTest } from './actor-test.ts'

const INFO_HASH = infoHashFrom('forgotten on restart') as InfoHash

describe('a restart', () => {
  actorTest(
    'forgets swarms in memory, but accepts connection ids of the same key',
    async ({ lab, addActor, expect }) => {
      const [anna, bert] = [await addActor(['udp', 'ipv4']), await addActor(['http', 'ipv4'])]
      await anna.announce(INFO_HASH, { left: 0n })
      expect(await bert.scrape([INFO_HASH])).toMatchObject([{ complete: 1 }])

      expect(await lab.tracker.stop('SIGTERM')).toBe(0)
      await lab.tracker.start()
      expect(await bert.scrape([INFO_HASH])).toMatchObject([{ complete: 0 }])
      // The client reuses its connection id.
      expect(await anna.announce(INFO_HASH, { left: 0n })).toMatchObject({ complete: 1 })
    },
  )
})
