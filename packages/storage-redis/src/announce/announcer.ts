import {
  addressFamily,
  COMPACT_IPV4,
  peerIdFrom,
  type Address,
  type AddressFamily,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import type { Transition } from '@chihaya/core'
import {
  announceArgument,
  type AnnounceSettings,
  type Moment,
  type ToldAnnounce,
} from './announce-argument.ts'
import type { Effect } from '../connection/health.ts'
import type { Keys } from '../keys.ts'
import type { Link } from '../connection/connection.ts'
import { announceScript } from '../lua/announce.ts'
import type { ScriptSettings } from '../lua/settings.ts'
import { TOO_MANY_NEW_SWARMS, type NewSwarmLimit } from './new-swarm-limit.ts'
import { takeNewSwarmBit } from './replies.ts'
import { defineScript, type Script } from '../connection/script.ts'

/** The peer that tries whether Redis takes writes. */
const PROBE = {
  peerId: peerIdFrom('-CHIHAYA-write-probe') as PeerId,
  address: new Uint8Array(COMPACT_IPV4 - 2),
  port: 0,
  key: 0,
  leechersOnly: false,
  publicOnly: false,
  wantsPeerIds: false,
}

export interface AnnouncerInit {
  readonly link: Link
  readonly keys: Keys
  readonly settings: ScriptSettings & AnnounceSettings
  readonly newSwarmLimit: NewSwarmLimit | undefined
}

/** Runs the announce script. */
export class Announcer {
  readonly #init: AnnouncerInit
  readonly #scripts: Readonly<Record<AddressFamily, Script<Buffer>>>
  readonly #numberOfKeys: number

  constructor(init: AnnouncerInit) {
    this.#init = init
    this.#numberOfKeys = init.settings.limitsNewSwarms ? 5 : 4
    const define = (family: AddressFamily): Script<Buffer> =>
      defineScript(init.link.client, announceScript(init.settings, family), this.#numberOfKeys)
    this.#scripts = { ipv4: define('ipv4'), ipv6: define('ipv6') }
  }

  /**
   * What the script replies to an announce that wants so many peers. Rejects with a `Fault`, or
   * with a `ClientError` when the source may make no more swarms.
   */
  announce(announce: ToldAnnounce, want: number, moment: Moment): Promise<Buffer> {
    const { newSwarmLimit } = this.#init
    const effect = effectOf(announce, moment)
    if (newSwarmLimit === undefined) return this.#enter(announce, want, moment, effect, true)
    if (effect === 'adds') {
      return limitNewSwarms(newSwarmLimit, announce.address, (mayMakeSwarm) =>
        this.#enter(announce, want, moment, mayMakeSwarm ? effect : 'removes', mayMakeSwarm),
      )
    }
    return this.#enter(announce, want, moment, effect, true).then((reply) => {
      takeNewSwarmBit(reply)
      return reply
    })
  }

  #enter(
    announce: ToldAnnounce,
    want: number,
    moment: Moment,
    effect: Effect,
    mayMakeSwarm: boolean,
  ): Promise<Buffer> {
    const { link, keys, settings } = this.#init
    const { infoHash, address } = announce
    const family = addressFamily(address)
    const run = this.#scripts[family]
    const names = keys.ofAnnounce(infoHash, family, this.#numberOfKeys)
    const argument = announceArgument(announce, want, settings, moment, mayMakeSwarm)
    return link.send(() => run(...names, argument), { effect, infoHash })
  }

  /**
   * Lets a peer enter a swarm that nobody sees, and leave it: what Redis refuses to announces for a
   * torrent, it refuses to this. Rejects with a `Fault`.
   */
  async tryWriting(infoHash: InfoHash): Promise<void> {
    const { link, keys, settings } = this.#init
    const names = keys.probe(infoHash).slice(0, this.#numberOfKeys)
    const run = (transition: Transition, effect: Effect): Promise<Buffer> => {
      const argument = announceArgument({ ...PROBE, infoHash, transition }, 0, settings, { now: 0 })
      return link.send(() => this.#scripts.ipv4(...names, argument), { effect, infoHash })
    }
    await run('leecher', 'adds')
    await run('stopped', 'removes')
  }
}

/**
 * Takes a token of the source before the announce, as many may be under way, and gives it back if
 * no swarm is new.
 */
async function limitNewSwarms(
  limit: NewSwarmLimit,
  address: Address,
  enter: (mayMakeSwarm: boolean) => Promise<Buffer>,
): Promise<Buffer> {
  // The caller may use the address again while Redis is waited for.
  const source = new Uint8Array(address)
  const hasToken = limit.take(source)
  let isNew = false
  try {
    const reply = await enter(hasToken)
    if (reply.length === 0) throw TOO_MANY_NEW_SWARMS
    isNew = takeNewSwarmBit(reply)
    return reply
  } finally {
    if (hasToken && !isNew) limit.giveBack(source)
  }
}

/** Whoever enters late may have been overtaken, so that nothing is written. */
function effectOf({ transition }: ToldAnnounce, { age }: Moment): Effect {
  if (transition === 'unchanged') return 'none'
  return transition === 'stopped' || age !== undefined ? 'removes' : 'adds'
}
