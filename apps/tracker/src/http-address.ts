import { formatGoAddress, type ListenAddress } from './go-address.ts'

/** A Unix socket to listen on, and the key that asks for it. */
export interface UnixAddress {
  /** Absolute. */
  readonly path: string
  readonly key: string
}

/** Where HTTP can be served. */
export type HttpAddress = ListenAddress | UnixAddress

const UNIX = 'unix:'

export function isUnixAddress(address: HttpAddress): address is UnixAddress {
  return 'path' in address
}

/**
 * The path in `unix:/run/chihaya.sock`; undefined for other text. It has to be absolute, and short
 * enough for the system.
 */
export function parseUnixPath(text: string): string | undefined {
  const path = text.startsWith(`${UNIX}/`) ? text.slice(UNIX.length) : undefined
  // What fits into a `sockaddr_un` of any system.
  return path !== undefined && Buffer.byteLength(path) <= 103 ? path : undefined
}

/** The address as a configuration has it. */
export function formatHttpAddress(address: HttpAddress): string {
  return isUnixAddress(address) ? `${UNIX}${address.path}` : formatGoAddress(address)
}
