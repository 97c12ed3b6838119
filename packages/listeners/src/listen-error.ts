import { formatHttpAddress, isUnixAddress, type HttpAddress } from './address.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES:
    'ports below 1024 are reserved for root; choose another, or grant the capability CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name is unknown, as the name server does not answer',
}

const UNIX_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there, or a file that is not a socket is there',
  EACCES: 'this user may not create a socket in that folder',
  ENOENT: 'there is no such folder',
}

/** Why an address cannot be listened on, in one line. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Explains to an operator why an address cannot be listened on. */
export function listenError(protocol: string, address: HttpAddress, error: unknown): ListenError {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons = isUnixAddress(address) ? UNIX_REASONS : REASONS
  const reason = (code !== undefined && reasons[code]) || message
  const prefix = address.key === undefined ? '' : `${address.key}: `
  const text = `${prefix}cannot listen on ${protocol} ${formatHttpAddress(address)}: ${reason}`
  return new ListenError(text, { cause: error })
}
