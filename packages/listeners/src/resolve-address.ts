import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { ListenOptions } from 'node:net'
import type { GoAddress, ListenAddress } from './address.ts'
import { listenError } from './listen-error.ts'

/** Where to bind a UDP socket. */
export interface UdpAddress {
  readonly host: string
  readonly port: number
}

/** How a TCP server listens at an address. An empty host takes one socket for both families. */
export async function resolveTcp({ host, port }: GoAddress): Promise<ListenOptions> {
  if (host === '') return { port, host: (await hasIpv6()) ? '::' : '0.0.0.0' }
  return { port, host: await resolveHost(host) }
}

/** Addresses to bind UDP sockets to. @throws {ListenError} for an unknown host name. */
export async function resolveUdpAddresses(
  addresses: readonly ListenAddress[],
): Promise<UdpAddress[]> {
  const resolved = await Promise.all(
    addresses.map(async (address) => {
      try {
        return await resolveUdp(address)
      } catch (error) {
        throw listenError('udp', address, error)
      }
    }),
  )
  return resolved.flat()
}

/** An empty host takes one UDP socket for each family. */
async function resolveUdp({ host, port }: GoAddress): Promise<UdpAddress[]> {
  if (host !== '') return [{ host: await resolveHost(host), port }]
  const hosts = (await hasIpv6()) ? ['0.0.0.0', '::'] : ['0.0.0.0']
  return hosts.map((each) => ({ host: each, port }))
}

/** The address of a host, preferably IPv4, as Go chooses for listening. */
async function resolveHost(host: string): Promise<string> {
  const addresses = await lookup(host, { all: true })
  return (addresses.find(({ family }) => family === 4) ?? addresses[0])?.address ?? host
}

/** Whether the kernel supports IPv6 sockets. */
async function hasIpv6(): Promise<boolean> {
  const socket = createSocket({ type: 'udp6', ipv6Only: true })
  try {
    socket.bind(0, '::')
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
