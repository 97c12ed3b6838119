import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import { announceByHttp, ChaosUdpClient, openStream, type Side } from './chaos-clients.ts'
import { hostileDatagram, hostileStream } from './hostile-requests.ts'
import { Random } from './random.ts'

export const INFO_HASHES = ['a', 'b', 'c'].map((letter) =>
  infoHashFrom(letter.repeat(20)),
) as readonly InfoHash[] as readonly [InfoHash, ...InfoHash[]]

const PEERS = 8
const LEFT_OPEN = 6

/** A peer of a swarm, as an entry of a list to compare. */
export function peerName(infoHash: string, host: string, port: number): string {
  return `${infoHash} ${host} ${port}`
}

/** A client that announces its peers, one after another, and attacks in between. */
export class ChaosWorker {
  readonly #random: Random
  readonly #sides: readonly [Side, ...Side[]]
  readonly #firstPort: number
  readonly #udp: ReadonlyMap<Side, ChaosUdpClient>
  /** Whether each peer is in its swarm, by `peerName`. */
  readonly announced = new Map<string, boolean>()
  /** Connections that the client has abandoned. */
  readonly streams: Socket[] = []

  private constructor(
    index: number,
    sides: readonly [Side, ...Side[]],
    udp: ReadonlyMap<Side, ChaosUdpClient>,
  ) {
    this.#random = new Random(index)
    this.#sides = sides
    this.#firstPort = 10_000 + index * 100
    this.#udp = udp
  }

  static async start(index: number, sides: readonly [Side, ...Side[]]): Promise<ChaosWorker> {
    const clients = await Promise.all(
      sides.map(async (side) => [side, await ChaosUdpClient.open(side)] as const),
    )
    return new ChaosWorker(index, sides, new Map(clients))
  }

  async step(): Promise<void> {
    const side = this.#random.of(this.#sides)
    const chance = this.#random.next()
    if (chance < 0.5) return this.#announce(side)
    const udp = this.#udp.get(side) as ChaosUdpClient
    if (chance < 0.65) return udp.send(hostileDatagram(this.#random, udp.id))
    if (chance < 0.9) return this.#stream(side, this.#random.next() < 0.75 ? side.http : side.https)
    return this.#secure(side)
  }

  async #announce(side: Side): Promise<void> {
    const infoHash = this.#random.of(INFO_HASHES)
    const port = this.#firstPort + this.#random.below(PEERS)
    const stopped = this.#random.next() < 0.3
    const peer = { infoHash, port, stopped }
    if (this.#random.next() < 0.5) await announceByHttp(side, peer)
    else await this.#udp.get(side)?.announce(peer)
    this.announced.set(peerName(infoHash, side.host, port), !stopped)
  }

  /** Sends invalid bytes, and then waits for the end, disconnects, or stays silent. */
  async #stream(side: Side, port: number): Promise<void> {
    const socket = openStream(port, side.host)
    const end = this.#random.below(4)
    if (end === 3 && this.streams.length < LEFT_OPEN) this.streams.push(socket)
    socket.write(hostileStream(this.#random))
    if (end === 0) socket.end()
    await delay(this.#random.below(5))
    if (end !== 3) socket.resetAndDestroy()
  }

  async #secure({ host, https }: Side): Promise<void> {
    const raw = openStream(https, host)
    const socket = connectTls({
      socket: raw,
      rejectUnauthorized: false,
      ALPNProtocols: [this.#random.of(['http/1.1', 'h2'])],
    })
    socket.on('error', () => undefined).resume()
    const end = this.#random.below(4)
    // Before, during or after the handshake.
    const begun = end === 1 ? once(raw, 'connect') : once(socket, 'secureConnect')
    if (end > 0) await Promise.race([begun, once(raw, 'close')]).catch(() => undefined)
    else begun.catch(() => undefined)
    if (end === 3) socket.write(hostileStream(this.#random))
    raw.resetAndDestroy()
  }
}
