import { networkInterfaces } from 'node:os'

type Interfaces = ReturnType<typeof networkInterfaces>

// Between hosts that know each other by these, the system chooses them by itself.
const UNAMBIGUOUS = /^(127\.|::1$|fe[89ab])/

/**
 * The host's addresses of a family that clients may ask, other than loopback and link-local ones.
 */
export function localAddresses(
  family: 4 | 6,
  interfaces: Interfaces = networkInterfaces(),
): string[] {
  return Object.values(interfaces)
    .flatMap((addresses = []) => addresses)
    .filter((one) => one.family === `IPv${family}` && !UNAMBIGUOUS.test(one.address))
    .map(({ address }) => address)
}
