import { InvalidAnswerError, trackerClient, TrackerFailure } from '@chihaya/client'
import { parseDuration } from '@chihaya/core'
import { UsageError, type CommandLine } from '../command-line.ts'
import { escapeText } from '../log/format.ts'
import { meet } from './meet.ts'

const DEFAULT_HTTP = 'http://127.0.0.1:6969/announce'
const DEFAULT_UDP = 'udp://127.0.0.1:6969'

// BEP 15 waits 15 s before the first retransmission, which is long in front of a terminal.
const CLIENT_OPTIONS = { lenient: true, timeout: 10_000, retransmission: 1000 } as const

/**
 * `chihaya e2e`: checks that running trackers give the second peer of a swarm the first. Returns 1
 * if one does not.
 */
export async function e2e(flags: CommandLine): Promise<number> {
  const { httpaddr = DEFAULT_HTTP, udpaddr = DEFAULT_UDP, delay = '1s' } = flags
  const milliseconds = readDelay(delay)
  const trials: Array<[protocol: string, url: URL]> = []
  if (httpaddr !== '') trials.push(['HTTP', readUrl(httpaddr, '--httpaddr', ['http:', 'https:'])])
  if (udpaddr !== '') trials.push(['UDP', readUrl(udpaddr, '--udpaddr', ['udp:'])])
  if (trials.length === 0)
    throw new UsageError('there is no tracker to test: --httpaddr and --udpaddr are both empty')
  const results = await Promise.all(
    trials.map(([protocol, url]) => report(protocol, url, milliseconds)),
  )
  return results.every(Boolean) ? 0 : 1
}

async function report(protocol: string, url: URL, delay: number): Promise<boolean> {
  // Path and query may hold a passkey.
  const name = `${protocol} ${url.protocol}//${url.host}`
  const tracker = trackerClient(url.href, CLIENT_OPTIONS)
  try {
    const remarks = await meet(tracker, delay)
    for (const line of ['the second peer was given the first', ...remarks])
      process.stdout.write(`${name}: ${line}\n`)
    return true
  } catch (error) {
    process.stderr.write(`chihaya: ${name}: ${reasonOf(error as Error)}\n`)
    return false
  } finally {
    await tracker.close()
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

function reasonOf(error: Error): string {
  if (error instanceof InvalidAnswerError) return `not a tracker's answer: ${error.message}`
  if (error instanceof TrackerFailure) return `the tracker refuses: ${textOf(error)}`
  return error.message
}

/** A refusal fit for a terminal. Some trackers end it with a NUL, as C does. */
function textOf({ message }: TrackerFailure): string {
  const text = new TextDecoder().decode(Buffer.from(message, 'latin1'))
  return escapeText(text.replace(/\0+$/, ''))
}
