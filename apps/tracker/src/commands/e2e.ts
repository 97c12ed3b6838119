import { parseDuration } from '@chihaya/core'
import { UsageError, type CommandLine } from '../command-line.ts'
import type { Announcer } from './e2e/announcer.ts'
import { HttpAnnouncer } from './e2e/http-announcer.ts'
import { meet } from './e2e/meet.ts'
import { UdpAnnouncer } from './e2e/udp-announcer.ts'

interface Trial {
  readonly protocol: string
  readonly url: string
  readonly announcer: Announcer
}

const DEFAULT_HTTP = 'http://127.0.0.1:6969/announce'
const DEFAULT_UDP = 'udp://127.0.0.1:6969'

/**
 * `chihaya e2e`: whether running trackers give the second peer of a swarm the first. Returns 1 when
 * one does not.
 */
export async function e2e(flags: CommandLine): Promise<number> {
  const { httpaddr = DEFAULT_HTTP, udpaddr = DEFAULT_UDP, delay = '1s' } = flags
  const milliseconds = readDelay(delay)
  const trials: Trial[] = []
  if (httpaddr !== '') {
    const announcer = new HttpAnnouncer(readUrl(httpaddr, '--httpaddr', ['http:', 'https:']))
    trials.push({ protocol: 'HTTP', url: httpaddr, announcer })
  }
  if (udpaddr !== '')
    trials.push({
      protocol: 'UDP',
      url: udpaddr,
      announcer: new UdpAnnouncer(readUrl(udpaddr, '--udpaddr', ['udp:'])),
    })
  if (trials.length === 0)
    throw new UsageError('there is no tracker to test: --httpaddr and --udpaddr are both empty')
  const results = await Promise.all(trials.map((trial) => report(trial, milliseconds)))
  return results.every(Boolean) ? 0 : 1
}

async function report(trial: Trial, delay: number): Promise<boolean> {
  const { protocol, url, announcer } = trial
  try {
    await meet(announcer, delay)
    process.stdout.write(
      `${protocol} ${withoutSecrets(url)}: the second peer was given the first\n`,
    )
    for (const remark of announcer.remarks)
      process.stdout.write(`${protocol} ${withoutSecrets(url)}: ${remark}\n`)
    return true
  } catch (error) {
    process.stderr.write(`chihaya: ${protocol} ${withoutSecrets(url)}: ${reasonOf(error)}\n`)
    return false
  } finally {
    announcer.close()
  }
}

function readDelay(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new UsageError(`--delay: ${(error as Error).message}`)
  }
}

function readUrl(text: string, flag: string, protocols: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !protocols.includes(url.protocol) || url.hostname === '') {
    throw new UsageError(
      `${flag} must be a URL that begins with ${protocols.map((each) => `${each}//`).join(' or ')}, not ${text}`,
    )
  }
  if (url.protocol === 'udp:' && url.port === '')
    throw new UsageError(`${flag} needs a port, as in udp://127.0.0.1:6969`)
  return url
}

/** Private trackers have a passkey in the path or the query. */
function withoutSecrets(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message
}
