import { formatHttpAddress, isUnixAddress, type HttpAddress } from './address.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES:
    'the port is reserved for root; choose one from 1024 on, or grant the capability CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name is not known, as the name server does not answer',
}

const UNIX_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there, or there is a file that is no socket',
  EACCES: 'this user may not make the socket in that folder',
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
