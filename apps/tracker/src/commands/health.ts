import { formatHttpAddress } from '@chihaya/listeners'
import { parseDuration } from '@chihaya/core'
import { UsageError, type CommandLine } from '../command-line.ts'
import { loadConfig, UnreadableConfigError, type LoadedConfig } from '../config/load-config.ts'
import { ConfigError } from '../config/problems.ts'
import { DEFAULT_METRICS_ADDRESS } from '../config/tracker-config.ts'
import { askOperations } from './health/ask-operations.ts'
import { httpAnswers } from './health/http-answers.ts'
import { udpAnswers } from './health/udp-answers.ts'
import type { Surroundings } from './run-command.ts'

const DEFAULT_TIMEOUT = '2s'

type Config = Pick<LoadedConfig, 'http' | 'udp' | 'metricsAddress'>

/** Something that was asked, and what is wrong with it, if anything. */
interface Finding {
  readonly asked: string
  readonly problem?: string | undefined
}

/** `chihaya health`: whether the tracker of a configuration serves. Returns 1 when it does not. */
export async function health(flags: CommandLine, surroundings: Surroundings): Promise<number> {
  const timeout = readTimeout(flags.timeout ?? DEFAULT_TIMEOUT)
  const path = flags.ready === true ? '/readyz' : '/healthz'
  const findings = await examine(await configOf(flags, surroundings), path, timeout)
  const problems = findings.filter(({ problem }) => problem !== undefined)
  for (const { asked, problem } of problems) process.stderr.write(`chihaya: ${asked}: ${problem}\n`)
  if (problems.length > 0) return 1
  for (const { asked } of findings) process.stdout.write(`${asked}: ok\n`)
  return 0
}

/**
 * Asks the operations server, which knows best. Without one, each address of HTTP has to answer
 * anything at all, or each of UDP without HTTP.
 */
async function examine(
  { metricsAddress, http, udp }: Config,
  path: string,
  timeout: number,
): Promise<Finding[]> {
  let operations: Finding | undefined
  if (metricsAddress) {
    const asked = `${formatHttpAddress(metricsAddress)}${path}`
    operations = { asked, problem: await askOperations(metricsAddress, path, timeout) }
    // Nobody asked for the default address: a tracker that cannot have it serves all the same.
    if (operations.problem === undefined || !metricsAddress.optional) return [operations]
  }
  const listeners = http.filter(({ address }) => 'path' in address || address.port !== 0)
  const sockets = udp.filter(({ port }) => port !== 0)
  const findings =
    listeners.length > 0
      ? listeners.map(async (listener) => ({
          asked: formatHttpAddress(listener.address),
          problem: await httpAnswers(listener.address, listener.tls !== undefined, timeout),
        }))
      : sockets.map(async (address) => ({
          asked: `udp ${formatHttpAddress(address)}`,
          problem: await udpAnswers(address, timeout),
        }))
  if (findings.length > 0) return Promise.all(findings)
  return [
    operations ?? {
      asked: 'the tracker',
      problem: 'every port is 0, so there is no known address to ask',
    },
  ]
}

/**
 * The configuration, or what can be asked although it cannot be read: a tracker goes on with its
 * former one.
 */
async function configOf({ config }: CommandLine, { folder, env }: Surroundings): Promise<Config> {
  try {
    return await loadConfig({ config, folder, env })
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof UnreadableConfigError)) throw error
    process.stderr.write(
      `chihaya: the configuration cannot be used, so the default address is asked: ${error.message}\n`,
    )
    return { http: [], udp: [], metricsAddress: DEFAULT_METRICS_ADDRESS }
  }
}

function readTimeout(text: string): number {
  try {
    const milliseconds = parseDuration(text)
    if (milliseconds > 0) return milliseconds
  } catch {
    // Said below.
  }
  throw new UsageError(
    `--timeout must be a duration above 0, such as ${DEFAULT_TIMEOUT}, not ${JSON.stringify(text)}`,
  )
}
