import { getSystemErrorName } from 'node:util'

/** The address that a socket was to be bound to. */
interface Place {
  readonly address: string
  readonly port: number
}

/**
 * A system error like those of `node:dgram`: `bind EADDRINUSE 127.0.0.1:6969`. `errno` is negative.
 */
export function systemError(errno: number, syscall: string, place?: Place): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno)
  const where = place ? ` ${place.address}:${place.port}` : ''
  const details = place ? { address: place.address, port: place.port } : {}
  return Object.assign(new Error(`${syscall} ${code}${where}`), {
    errno,
    code,
    syscall,
    ...details,
  })
}

/** Names an error of the native part, which only has its number. Returns other errors unchanged. */
export function inWords(error: unknown, place: Place): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException
  return errno !== undefined && syscall !== undefined ? systemError(errno, syscall, place) : error
}
