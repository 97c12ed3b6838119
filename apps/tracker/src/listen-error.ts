import { formatGoAddress, type ListenAddress } from './go-address.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the port is reserved for root; choose one from 1024 on, or grant the capability CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name is not known, as the name server does not answer',
}

/** An address that cannot be listened on, in one line. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** What went wrong with an address, in the words of an operator. */
export function listenError(protocol: string, address: ListenAddress, error: unknown): ListenError {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = (code !== undefined && REASONS[code]) || message
  const text = `${address.key}: cannot listen on ${protocol} ${formatGoAddress(address)}: ${reason}`
  return new ListenError(text, { cause: error })
}
