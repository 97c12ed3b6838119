import { INFO_HASH_LENGTH } from '@chihaya/bittorrent'
import type { ListenAddress, UdpFrontendOptions } from './options.ts'
import { HEADER_LENGTH } from './packets/header.ts'
import { scrapeReplyLength } from './packets/scrape.ts'
import { chooseTransport } from './sockets/transport.ts'
import type { UdpService, UdpSocket } from './sockets/udp-socket.ts'

const ROW_LENGTH = scrapeReplyLength(1) - scrapeReplyLength(0)

type Options = Required<UdpFrontendOptions>

/** Options that cannot change while a socket is open. */
const FIXED = ['receiveBufferSize', 'reusePort', 'transport'] as const

export interface SocketMatch {
  /** The socket of each address, if there is one. */
  readonly kept: ReadonlyArray<UdpSocket | undefined>
  /** Sockets of other addresses. */
  readonly rest: readonly UdpSocket[]
}

/** Finds the open sockets of addresses. Equal addresses have one socket each. */
export function matchSockets(
  addresses: readonly ListenAddress[],
  sockets: readonly UdpSocket[],
): SocketMatch {
  const rest = [...sockets]
  const kept = addresses.map(({ host, port }) => {
    const index = rest.findIndex(
      ({ init, bound }) => bound && init.host === host && init.port === port,
    )
    return index < 0 ? undefined : rest.splice(index, 1)[0]
  })
  return { kept, rest }
}

/** Opens a socket for each address. @throws the first error, with no socket left open. */
export async function openSockets(
  addresses: readonly ListenAddress[],
  options: Options,
  optional: boolean,
  service: UdpService,
): Promise<UdpSocket[]> {
  if (addresses.length === 0) return []
  const { receiveBufferSize, reusePort, transport } = options
  const make = await chooseTransport(transport, service.log)
  const sockets = addresses.map(({ host, port }) =>
    make({ host, port, optional, receiveBufferSize, reusePort, transport, service }),
  )
  const bound = await Promise.allSettled(sockets.map((socket) => socket.bind()))
  const failed = bound.find((result) => result.status === 'rejected')
  if (!failed) return sockets
  await closeSockets(sockets)
  throw failed.reason
}

export async function closeSockets(sockets: readonly UdpSocket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.close()))
}

/** Options that have changed since the sockets were opened and cannot be applied to them. */
export function fixedOptionsChanged(sockets: readonly UdpSocket[], options: Options): string[] {
  return FIXED.filter((name) => sockets.some(({ init }) => init[name] !== options[name]))
}

/** The options, with datagrams limited to the room of the sockets. */
export function withinRoom(sockets: readonly UdpSocket[], options: Options): Options {
  const request = Math.min(...sockets.map(({ room }) => room.request))
  const reply = Math.min(...sockets.map(({ room }) => room.reply))
  const scrape = Math.min(
    (request - HEADER_LENGTH) / INFO_HASH_LENGTH,
    (reply - scrapeReplyLength(0)) / ROW_LENGTH,
  )
  return {
    ...options,
    maxReplySize: Math.min(options.maxReplySize, reply),
    maxScrapeInfoHashes: Math.min(options.maxScrapeInfoHashes, Math.floor(scrape)),
  }
}
