import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { addressFamily, KeyedHash } from '@chihaya/bittorrent'
import {
  DurationHistogram,
  parseDuration,
  parseOptions,
  PeerList,
  type Announce,
  type Answer,
  type Durations,
  type EvictionRules,
  type PeerStore,
  type Scrape,
  type ScrapeAnswer,
  type StoreStats,
  type SwarmEntry,
} from '@chihaya/core'
import { Announcer, CLAIMED } from './swarms/announcer.ts'
import { Answerer } from './peers/answer.ts'
import { ALIAS, COUNTED } from './peers/entry.ts'
import { Eviction } from './swarms/eviction.ts'
import { Expiry } from './expiry/expiry.ts'
import type { SwarmLimits } from './limits/limits.ts'
import { availableMemory, boundsFor } from './limits/memory-bounds.ts'
import { NewSwarmLimit } from './limits/new-swarm-limit.ts'
import { optionsSchema, type MemoryStorageOptions } from './options.ts'
import { SourceLimit } from './limits/source-limit.ts'
import { Sources } from './limits/sources.ts'
import { SubnetPeers } from './swarms/subnet-peers.ts'
import { SwarmListing } from './swarms/listing.ts'
import {
  countsOf,
  IPV6_SETS,
  LEECHERS,
  SEEDERS,
  setsOf,
  SUBNET,
  SWARM,
  WEBRTC_SETS,
} from './swarms/records.ts'
import { Swarms } from './swarms/swarms.ts'
import { TickClock } from './expiry/tick-clock.ts'

/** Random numbers for hashes. */
const RANDOM_U32 = 6
/** Milliseconds. */
const SLICE = 1

/**
 * A `PeerStore` in flat memory; `docs/memory-layout.md` draws it. Expiry is driven from outside, by
 * `expire`.
 */
export class MemoryPeerStore implements PeerStore {
  /** The bounds in force. */
  readonly limits: SwarmLimits
  /**
   * Most milliseconds between the beginnings of two searches for expired peers.
   */
  readonly longestExpiryInterval: number
  readonly keepsOwners: boolean
  readonly keepsWebRtcPeers: boolean
  readonly #swarms: Swarms
  readonly #announcer: Announcer
  readonly #answerer: Answerer
  readonly #subnetPeers: SubnetPeers | undefined
  readonly #expiry: Expiry
  readonly #unified: boolean
  readonly #expiryPasses = new DurationHistogram()
  /** Milliseconds of work in the current pass. */
  #expiryTime = 0

  /**
   * `now` returns milliseconds and never goes back; `random` returns bytes that nobody else knows.
   * @throws TRK_ERR_OPTIONS, and RangeError for a duration.
   */
  constructor(
    options: MemoryStorageOptions = {},
    now: () => number = () => performance.now(),
    random: (size: number) => Uint8Array = randomBytes,
  ) {
    const parsed = parseOptions('@chihaya/storage-memory', optionsSchema, options)
    const [key0, key1, ...factors] = new Int32Array(new Uint8Array(random(RANDOM_U32 * 4)).buffer)
    const hash = new KeyedHash(key0!, key1!)
    const sourceLimit =
      parsed.maxPeersPerSource > 0 ? new SourceLimit(parsed.maxPeersPerSource) : undefined
    const bounds = boundsFor(availableMemory())
    const {
      maxSwarms = bounds.maxSwarms,
      maxPeers = bounds.maxPeers,
      maxPeersPerSwarm,
      newSwarmsPerSource,
    } = parsed
    const clock = new TickClock(now, parseDuration(parsed.peerLifetime))
    this.limits = { maxSwarms, maxPeers, maxPeersPerSwarm }
    this.longestExpiryInterval = clock.longestWalk
    this.#unified = parsed.families === 'unified'
    this.#subnetPeers = parsed.preferredSubnet && new SubnetPeers(parsed.preferredSubnet, hash)
    this.keepsOwners = parsed.storeOwners
    this.keepsWebRtcPeers = parsed.storeWebrtcPeers
    const swarms = new Swarms({
      hash,
      sources: new Sources(Int32Array.from(factors)),
      clock,
      rememberedSwarms: parsed.rememberedSwarms,
      storePeerIds: parsed.storePeerIds,
      storeOwners: parsed.storeOwners,
      storeWebrtcPeers: parsed.storeWebrtcPeers,
      withholdPortsBelow: parsed.withholdPortsBelow,
      sourceLimit,
      subnetPeers: this.#subnetPeers,
    })
    this.#swarms = swarms
    this.#announcer = new Announcer({
      swarms,
      hash,
      limits: this.limits,
      unified: this.#unified,
      sourceLimit,
      newSwarmLimit: newSwarmsPerSource && new NewSwarmLimit(newSwarmsPerSource, hash, now),
    })
    this.#answerer = new Answerer(swarms, this.#announcer.peer, sourceLimit, this.#subnetPeers)
    this.#expiry = new Expiry(swarms)
  }

  announce(announce: Announce, answer: Answer): void {
    const announcer = this.#announcer
    const { peer } = announcer
    const { records } = this.#swarms
    const { port, otherAddress, transition } = announce
    peer.read(announce, records.key)
    let record = announcer.apply(transition, SWARM, 0)
    const { stored, mark } = announcer
    const { sets } = peer
    answer.before = announcer.before
    if (this.#unified && otherAddress !== undefined && stored && sets < WEBRTC_SETS) {
      // A client that is counted elsewhere may be counted at the address that it claims.
      const flags = CLAIMED | (mark & COUNTED) | ((mark & ALIAS) === 0 ? ALIAS : 0)
      peer.dialAt(otherAddress, port)
      record = announcer.apply(transition, SWARM, flags)
      peer.dialAt(announce.address, port)
    }
    const subnet = stored && sets < WEBRTC_SETS ? this.#enterSubnet(announce) : 0
    if (record === 0) return
    answer.downloaded = records.downloaded(record)
    if (!records.isLive(record)) return
    answer.complete = this.#population(record, sets, SEEDERS)
    answer.incomplete = this.#population(record, sets, LEECHERS)
    if (answer.want > 0 && transition !== 'stopped') this.#select(announce, answer, record, subnet)
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): void {
    const { records } = this.#swarms
    const sets = scrape.webrtc ? WEBRTC_SETS : setsOf(addressFamily(scrape.address))
    for (let index = 0; index < scrape.count; index++) {
      scrape.copyInfoHash(index, records.key)
      const record = records.find(records.hashKey())
      if (record === 0) continue
      const downloaded = records.downloaded(record)
      if (records.isLive(record) && sets < records.sets) {
        const seeders = this.#population(record, sets, SEEDERS)
        const leechers = this.#population(record, sets, LEECHERS)
        answer.set(index, seeders, leechers, leechers - this.#partials(record, sets), downloaded)
      } else {
        answer.set(index, 0, 0, 0, downloaded)
      }
    }
  }

  stats(): StoreStats {
    const { count, totals } = this.#swarms
    return {
      swarms: count,
      seeders: countsOf(totals.length, (set) => totals[set + SEEDERS]!),
      leechers: countsOf(totals.length, (set) => totals[set + LEECHERS]!),
    }
  }

  /** Bytes that live and remembered swarms take from the system. */
  get bytes(): number {
    return this.#swarms.bytes + this.#announcer.bytes
  }

  /** Works a millisecond at a time, and lets announces be answered in between. */
  async evict(rules: EvictionRules): Promise<number> {
    const eviction = new Eviction(this.#swarms, rules)
    // oxlint-disable-next-line no-await-in-loop
    while (!eviction.slice(SLICE)) await turn()
    return eviction.removed
  }

  /** Lists some hundred at a time, and lets announces be answered in between. */
  async *swarms(): AsyncGenerator<SwarmEntry[]> {
    const listing = new SwarmListing(this.#swarms)
    while (!listing.done) {
      const page = listing.page()
      if (page.length > 0) yield page
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    }
  }

  /**
   * Searches for expired peers for about `budget` milliseconds. True when all swarms have been
   * visited.
   */
  expire(budget: number): boolean {
    const began = performance.now()
    const done = this.#expiry.slice(budget)
    this.#expiryTime += performance.now() - began
    if (!done) return false
    this.#expiryPasses.observe(this.#expiryTime)
    this.#expiryTime = 0
    return true
  }

  /**
   * Durations of completed searches in milliseconds of work, without the pauses between slices.
   */
  expiryPasses(): Durations {
    return this.#expiryPasses.read()
  }

  /**
   * Applies an announce to its subnet's part of the swarm as well, if subnets are preferred.
   * Returns the part's record, or 0.
   */
  #enterSubnet({ address, transition }: Announce): number {
    if (this.#subnetPeers === undefined) return 0
    this.#subnetPeers.derive(this.#swarms.records.key, address)
    return this.#announcer.apply(transition, SUBNET, 0)
  }

  /**
   * Draws peers of the announcer's network and, in unified families, of the other family if there
   * are too few.
   */
  #select(announce: Announce, answer: Answer, record: number, subnet: number): void {
    const { want, peers } = answer
    const { sets } = this.#announcer.peer
    this.#answerer.write(announce, peers, sets, record, subnet, want)
    const left = want - peers.count
    if (!this.#unified || !answer.takesOtherFamily || left === 0 || sets >= WEBRTC_SETS) return
    const others = (answer.otherPeers ??= new PeerList())
    const family = peers.family === 'ipv4' ? 'ipv6' : 'ipv4'
    others.reserve(family, left, announce.wantsPeerIds)
    this.#answerer.write(announce, others, setsOf(family), record, 0, left)
  }

  /** Peers of a swarm in a role, in the network with the sets from `first` on. */
  #population(record: number, first: number, role: number): number {
    const { records } = this.#swarms
    if (!this.#unified || first >= WEBRTC_SETS) return records.count(record, first + role)
    return records.count(record, role) + records.count(record, IPV6_SETS + role)
  }

  /** Partial seeds of a swarm in the same network. */
  #partials(record: number, first: number): number {
    const partials = this.#partialsIn(record, first)
    if (!this.#unified || first >= WEBRTC_SETS) return partials
    return partials + this.#partialsIn(record, IPV6_SETS - first)
  }

  #partialsIn(record: number, first: number): number {
    const { records } = this.#swarms
    return this.#swarms.sets(first).partials(records.root(record, first + LEECHERS))
  }
}
