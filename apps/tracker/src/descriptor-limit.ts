import { readFileSync } from 'node:fs'

// A share of the file descriptors, for lists, certificates, Redis and UDP.
const SPARED_SHARE = 16
const MOST_SPARED = 64

/**
 * The lowest number that a file descriptor of a connection should not have. The system gives the
 * lowest that is free, so one with this number tells that hardly any are left. Without room of
 * ours, libuv would turn further connections away without a word.
 */
export function firstSparedDescriptor(): number {
  const limit = descriptorLimit()
  return limit - Math.min(Math.floor(limit / SPARED_SHARE), MOST_SPARED)
}

/** File descriptors that the process may have; infinite where the system does not tell. */
function descriptorLimit(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
