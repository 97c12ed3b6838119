import { networkInterfaces } from 'node:os'

// Each takes a descriptor and buffers of the system.
const MOST = 16

/** IPv4 addresses of the host, up to 16. Empty if the system does not tell. */
export function ownAddresses(): string[] {
  let interfaces: ReturnType<typeof networkInterfaces>
  try {
    interfaces = networkInterfaces()
  } catch {
    return []
  }
  return Object.values(interfaces)
    .flatMap((addresses = []) => addresses)
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address)
    .slice(0, MOST)
}
