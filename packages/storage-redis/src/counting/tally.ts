import type { AddressFamily } from '@chihaya/bittorrent'
import type { StoreStats } from '@chihaya/core'

/** Totals in the making. */
export class Tally {
  readonly #seeders: Record<AddressFamily, number> = { ipv4: 0, ipv6: 0 }
  readonly #leechers: Record<AddressFamily, number> = { ipv4: 0, ipv6: 0 }
  #swarms = 0

  /** Adds the peers of a torrent and family, and how many the torrent has in the other. */
  add(family: AddressFamily, complete: number, incomplete: number, others: number): void {
    this.#seeders[family] += complete
    this.#leechers[family] += incomplete
    // A torrent of both families is met twice: it counts where it is met in IPv4.
    if (complete + incomplete > 0 && (family === 'ipv4' || others === 0)) this.#swarms++
  }

  stats(): StoreStats {
    return { swarms: this.#swarms, seeders: { ...this.#seeders }, leechers: { ...this.#leechers } }
  }
}
