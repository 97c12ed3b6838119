import {
  COMPACT_IPV4,
  peerIdFrom,
  type Address,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import { networkOf, type Network, type Transition } from '@chihaya/core'
import { defineScript, type Script } from '../connection/script.ts'
import type { Connection } from '../connection/connection.ts'
import type { Effect } from '../connection/health.ts'
import type { Keys } from '../keys.ts'
import { announceScript } from '../lua/announce.ts'
import type { ScriptSettings } from '../lua/swarm.ts'
import {
  announceArgument,
  takeNewSwarmBit,
  type AnnounceSettings,
  type AnnounceTime,
  type StoredAnnounce,
} from './announce-format.ts'
import { TOO_MANY_NEW_SWARMS, type NewSwarmLimit } from './new-swarm-limit.ts'

/** The peer of write probes. */
const PROBE = {
  peerId: peerIdFrom('-CHIHAYA-write-probe') as PeerId,
  address: new Uint8Array(COMPACT_IPV4 - 2),
  port: 0,
  handle: 0,
  owner: 0,
  key: 0,
  leechersOnly: false,
  publicOnly: false,
  wantsPeerIds: false,
}

export interface AnnouncerInit {
  readonly connection: Connection
  readonly keys: Keys
  readonly settings: ScriptSettings & AnnounceSettings
  readonly newSwarmLimit: NewSwarmLimit | undefined
}

/** Runs the announce script. */
export class Announcer {
  readonly #init: AnnouncerInit
  readonly #scripts: Readonly<Record<Network, Script<Buffer>>>
  readonly #numberOfKeys: number

  constructor(init: AnnouncerInit) {
    const { connection, settings } = init
    this.#init = init
    this.#numberOfKeys = settings.limitsNewSwarms ? 6 : 4
    const define = (network: Network): Script<Buffer> =>
      defineScript(connection.client, announceScript(settings, network), this.#numberOfKeys)
    this.#scripts = { ipv4: define('ipv4'), ipv6: define('ipv6'), webrtc: define('webrtc') }
  }

  /**
   * Applies an announce and selects up to `want` peers. Returns the script's reply. Rejects with a
   * `Fault`, or with a `ClientError` if the source may not create more swarms.
   */
  announce(announce: StoredAnnounce, want: number, time: AnnounceTime): Promise<Buffer> {
    const { newSwarmLimit } = this.#init
    const effect = effectOf(announce, time)
    if (newSwarmLimit === undefined) return this.#run(announce, want, time, effect, true)
    if (effect === 'adds') {
      return limitNewSwarms(newSwarmLimit, announce.address, (mayMakeSwarm) =>
        this.#run(announce, want, time, mayMakeSwarm ? effect : 'removes', mayMakeSwarm),
      )
    }
    return this.#run(announce, want, time, effect, true).then((reply) => {
      takeNewSwarmBit(reply)
      return reply
    })
  }

  /**
   * Adds an invisible peer next to a torrent, and removes it. It fails for any reason for which an
   * announce of the torrent would. Rejects with a `Fault`.
   */
  async tryWriting(infoHash: InfoHash): Promise<void> {
    const { connection, keys, settings } = this.#init
    const names = keys.ofProbe(infoHash, this.#numberOfKeys)
    const run = (transition: Transition, effect: Effect): Promise<Buffer> => {
      const argument = announceArgument({ ...PROBE, infoHash, transition }, 0, settings, { now: 0 })
      return connection.send(() => this.#scripts.ipv4(...names, argument), { effect, infoHash })
    }
    await run('leecher', 'adds')
    await run('stopped', 'removes')
  }

  #run(
    announce: StoredAnnounce,
    want: number,
    time: AnnounceTime,
    effect: Effect,
    mayMakeSwarm: boolean,
  ): Promise<Buffer> {
    const { connection, keys, settings } = this.#init
    const { infoHash } = announce
    const network = networkOf(announce)
    const script = this.#scripts[network]
    const names = keys.ofAnnounce(infoHash, network, this.#numberOfKeys)
    const argument = announceArgument(announce, want, settings, time, mayMakeSwarm)
    return connection.send(() => script(...names, argument), { effect, infoHash })
  }
}

/**
 * Takes a token of the source before the announce, as many announces may be pending, and gives it
 * back if the swarm is not new.
 */
async function limitNewSwarms(
  limit: NewSwarmLimit,
  address: Address,
  announce: (mayMakeSwarm: boolean) => Promise<Buffer>,
): Promise<Buffer> {
  // The frontend may overwrite the address while Redis is awaited.
  const source = new Uint8Array(address)
  const hasToken = limit.take(source)
  let isNew = false
  try {
    const reply = await announce(hasToken)
    if (reply.length === 0) throw TOO_MANY_NEW_SWARMS
    isNew = takeNewSwarmBit(reply)
    return reply
  } finally {
    if (hasToken && !isNew) limit.giveBack(source)
  }
}

/** A late announce may have been overtaken, so its success does not prove that Redis adds peers. */
function effectOf({ transition }: StoredAnnounce, { age }: AnnounceTime): Effect {
  if (transition === 'unchanged') return 'none'
  return transition === 'stopped' || age !== undefined ? 'removes' : 'adds'
}
