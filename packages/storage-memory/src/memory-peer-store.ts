import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { addressFamily, type AddressFamily } from '@chihaya/bittorrent'
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
import { Answerer } from './answer.ts'
import { ALIAS, COUNTED } from './entry.ts'
import { Eviction } from './eviction.ts'
import { Expiry } from './expiry.ts'
import { KeyedHash } from './keyed-hash.ts'
import type { SwarmLimits } from './limits.ts'
import { availableMemory, boundsFor } from './memory-bounds.ts'
import { NewSwarmLimit } from './new-swarm-limit.ts'
import { optionsSchema, type MemoryStorageOptions } from './options.ts'
import { SourceLimit } from './source-limit.ts'
import { Sources } from './sources.ts'
import { SubnetPeers } from './subnet-peers.ts'
import { SwarmListing } from './swarm-listing.ts'
import { LEECHERS, SEEDERS, SUBNET, SWARM } from './swarm-records.ts'
import { CLAIMED, setsOf, SwarmStore } from './swarm-store.ts'
import { TickClock } from './tick-clock.ts'

/** Random numbers for hashes. */
const RANDOM_LONGS = 6
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
   * Milliseconds that may pass at most between the beginnings of two searches for peers past their
   * lifetime.
   */
  readonly longestExpiryInterval: number
  readonly #store: SwarmStore
  readonly #answerer: Answerer
  readonly #subnetPeers: SubnetPeers | undefined
  readonly #expiry: Expiry
  readonly #unified: boolean
  readonly #expiryPasses = new DurationHistogram()
  /** Milliseconds of work in the pass that has begun. */
  #expiryTime = 0

  /**
   * `now` gives milliseconds and never goes back; `random` gives bytes that nobody else knows.
   * @throws TRK_ERR_OPTIONS, and RangeError for a duration.
   */
  constructor(
    options: MemoryStorageOptions = {},
    now: () => number = () => performance.now(),
    random: (size: number) => Uint8Array = randomBytes,
  ) {
    const parsed = parseOptions('@chihaya/storage-memory', optionsSchema, options)
    const [key0, key1, ...factors] = new Int32Array(new Uint8Array(random(RANDOM_LONGS * 4)).buffer)
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
    this.#store = new SwarmStore({
      hash,
      sources: new Sources(Int32Array.from(factors)),
      clock,
      limits: this.limits,
      rememberedSwarms: parsed.rememberedSwarms,
      storePeerIds: parsed.storePeerIds,
      withholdPortsBelow: parsed.withholdPortsBelow,
      unified: this.#unified,
      sourceLimit,
      newSwarmLimit: newSwarmsPerSource && new NewSwarmLimit(newSwarmsPerSource, hash, now),
      subnetPeers: this.#subnetPeers,
    })
    this.#answerer = new Answerer(this.#store, sourceLimit, this.#subnetPeers)
    this.#expiry = new Expiry(this.#store)
  }

  announce(announce: Announce, answer: Answer): void {
    const store = this.#store
    const { records } = store
    const { address, port, otherAddress, transition } = announce
    announce.copyIds(records.key, store.peerId)
    store.clientKey = announce.key
    let record = store.apply(address, port, transition, SWARM, 0)
    const { stored, mark } = store
    answer.before = store.before
    if (this.#unified && otherAddress !== undefined && stored) {
      // A client that is counted elsewhere may be counted at the very address it claims.
      const flags = CLAIMED | (mark & COUNTED) | ((mark & ALIAS) === 0 ? ALIAS : 0)
      record = store.apply(otherAddress, port, transition, SWARM, flags)
    }
    const subnet = stored ? this.#enterSubnet(announce) : 0
    if (record === 0) return
    answer.downloaded = records.downloaded(record)
    if (!records.isLive(record)) return
    const family = addressFamily(address)
    answer.complete = this.#population(record, family, SEEDERS)
    answer.incomplete = this.#population(record, family, LEECHERS)
    if (answer.want > 0 && transition !== 'stopped') this.#select(announce, answer, record, subnet)
  }

  scrape(scrape: Scrape, answer: ScrapeAnswer): void {
    const { records } = this.#store
    const family = addressFamily(scrape.address)
    for (let index = 0; index < scrape.count; index++) {
      scrape.copyInfoHash(index, records.key)
      const record = records.find(records.hashKey())
      if (record === 0) continue
      const downloaded = records.downloaded(record)
      if (records.isLive(record)) {
        const incomplete = this.#population(record, family, LEECHERS)
        const downloaders = incomplete - this.#partials(record, family)
        answer.set(
          index,
          this.#population(record, family, SEEDERS),
          incomplete,
          downloaders,
          downloaded,
        )
      } else {
        answer.set(index, 0, 0, 0, downloaded)
      }
    }
  }

  stats(): StoreStats {
    const [leechers4, seeders4, leechers6, seeders6] = this.#store.totals as unknown as [
      number,
      number,
      number,
      number,
    ]
    return {
      swarms: this.#store.swarms,
      seeders: { ipv4: seeders4, ipv6: seeders6 },
      leechers: { ipv4: leechers4, ipv6: leechers6 },
    }
  }

  /** Bytes that swarms, and what is remembered of them, take from the system. */
  get bytes(): number {
    return this.#store.bytes
  }

  /** A millisecond of work at a time, between which announces are answered. */
  async evict(rules: EvictionRules): Promise<number> {
    const eviction = new Eviction(this.#store, rules)
    // oxlint-disable-next-line no-await-in-loop
    while (!eviction.slice(SLICE)) await turn()
    return eviction.removed
  }

  /** Some hundred at a time, between which announces are answered. */
  async *swarms(): AsyncGenerator<SwarmEntry[]> {
    const listing = new SwarmListing(this.#store)
    while (!listing.done) {
      const page = listing.page()
      if (page.length > 0) yield page
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    }
  }

  /**
   * Searches for peers past their lifetime for about `budget` milliseconds. True when all swarms
   * have been looked at.
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
   * How long the searches took that are done, in milliseconds of work: the pauses between their
   * slices are not counted.
   */
  expiryPasses(): Durations {
    return this.#expiryPasses.read()
  }

  /**
   * Applies an announce to its subnet's part of the swarm as well, where one is preferred; the
   * part's record, or 0.
   */
  #enterSubnet(announce: Announce): number {
    if (this.#subnetPeers === undefined) return 0
    const { address, port, transition } = announce
    this.#subnetPeers.derive(this.#store.records.key, address)
    return this.#store.apply(address, port, transition, SUBNET, 0)
  }

  /**
   * Draws peers of the announcer's family, and where the families are one, of the other if there
   * are too few.
   */
  #select(announce: Announce, answer: Answer, record: number, subnet: number): void {
    const { want, peers } = answer
    this.#answerer.write(announce, peers, record, subnet, want)
    const left = want - peers.count
    if (!this.#unified || !answer.takesOtherFamily || left === 0) return
    const others = (answer.otherPeers ??= new PeerList())
    others.reserve(peers.family === 'ipv4' ? 'ipv6' : 'ipv4', left, announce.wantsPeerIds)
    this.#answerer.write(announce, others, record, 0, left)
  }

  #population(record: number, family: AddressFamily, role: number): number {
    const { records } = this.#store
    if (!this.#unified) return records.count(record, setsOf(family) + role)
    return (
      records.count(record, setsOf('ipv4') + role) + records.count(record, setsOf('ipv6') + role)
    )
  }

  #partials(record: number, family: AddressFamily): number {
    const partials = (of: AddressFamily): number =>
      this.#store.sets(setsOf(of)).partials(this.#store.records.root(record, setsOf(of) + LEECHERS))
    return this.#unified ? partials('ipv4') + partials('ipv6') : partials(family)
  }
}
