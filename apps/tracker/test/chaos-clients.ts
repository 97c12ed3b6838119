import { connect, type Socket } from 'node:net'
import { peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import {
  HttpTrackerClient,
  readAnnounce,
  readConnect,
  UdpSocket,
  writeAnnounce,
  writeConnect,
  type AnnounceAnswer,
  type ClientAnnounce,
} from '@chihaya/client'
import { onTestFinished } from 'vitest'

const RETRANSMISSION = 500
const TIMEOUT = 10_000
const PEER_ID = peerIdFrom('-XX0001-bbbbbbbbbbbb') as PeerId

/** The tracker's address and ports in one family. */
export interface Side {
  readonly host: string
  readonly http: number
  readonly https: number
  readonly udp: number
}

export interface Announced {
  readonly infoHash: InfoHash
  readonly port: number
  readonly stopped: boolean
}

function announceOf({ infoHash, port, stopped }: Announced): ClientAnnounce {
  return { infoHash, peerId: PEER_ID, port, left: 1n, event: stopped ? 'stopped' : 'none' }
}

/** Announces over HTTP, on a new connection. @throws any refusal. */
export async function announceByHttp(
  { host, http }: Side,
  announced: Announced,
  more: Partial<ClientAnnounce> = {},
): Promise<AnnounceAnswer> {
  const name = host.includes(':') ? `[${host}]` : host
  await using client = new HttpTrackerClient(`http://${name}:${http}/announce`)
  return await client.announce({ ...announceOf(announced), ...more })
}

/** A UDP client that always uses one connection id. */
export class ChaosUdpClient {
  readonly #socket: UdpSocket
  readonly id: bigint

  private constructor(socket: UdpSocket, id: bigint) {
    this.#socket = socket
    this.id = id
  }

  static async open({ host, udp }: Side): Promise<ChaosUdpClient> {
    const socket = await UdpSocket.open(host, udp)
    onTestFinished(() => socket.close())
    return new ChaosUdpClient(socket, readConnect(await socket.request(writeConnect, limits())))
  }

  /** @throws any refusal. */
  async announce(announced: Announced): Promise<void> {
    const announce = { ...announceOf(announced), numWant: 0 }
    const response = await this.#socket.request(
      (transactionId) => writeAnnounce(this.id, transactionId, announce),
      limits(),
    )
    readAnnounce(response, this.#socket.family)
  }

  /** Sends a datagram without waiting for anything. */
  send(datagram: Buffer): void {
    this.#socket.send(datagram).catch(() => undefined)
  }
}

function limits(): { readonly retransmission: number; readonly signal: AbortSignal } {
  return { retransmission: RETRANSMISSION, signal: AbortSignal.timeout(TIMEOUT) }
}

export async function closed(socket: Socket): Promise<void> {
  // Not `once`, which rejects when the connection is reset.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** A connection that reads and ignores everything, until the test ends. */
export function openStream(port: number, host: string): Socket {
  const socket = connect(port, host)
    .on('error', () => undefined)
    .resume()
  onTestFinished(() => void socket.destroy())
  return socket
}
