import { getSystemErrorName } from 'node:util'

/** Where a socket was to be bound. */
interface Place {
  readonly address: string
  readonly port: number
}

/**
 * An error of the system as `node:dgram` has them: `bind EADDRINUSE 127.0.0.1:6969`. `errno` is
 * negative.
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

/**
 * An error of the native part, which knows the system's numbers and not their names. Others stay as
 * they are.
 */
export function inWords(error: unknown, place: Place): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException
  return errno !== undefined && syscall !== undefined ? systemError(errno, syscall, place) : error
}
