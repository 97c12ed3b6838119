import { formatHttpAddress } from '@chihaya/listeners'
import { parseDuration } from '@chihaya/core'
import { UsageError, type CommandLine } from '../command-line.ts'
import { loadConfig, UnreadableConfigError, type LoadedConfig } from '../config/load-config.ts'
import { ConfigError } from '../config/problems.ts'
import { DEFAULT_METRICS_ADDRESS } from '../config/tracker-config.ts'
import type { CommandContext } from './command.ts'
import { probeAdminServer, probeHttp, probeUdp } from './probes.ts'

const DEFAULT_TIMEOUT = '2s'

type Config = Pick<LoadedConfig, 'http' | 'udp' | 'metricsAddress'>

/** An address that was asked, and its problem, if there is one. */
interface Finding {
  readonly asked: string
  readonly problem?: string | undefined
}

/** `chihaya health`: checks that a configuration's tracker serves. Returns 1 if it does not. */
export async function health(flags: CommandLine, context: CommandContext): Promise<number> {
  const timeout = readTimeout(flags.timeout ?? DEFAULT_TIMEOUT)
  const path = flags.ready === true ? '/readyz' : '/healthz'
  const findings = await examine(await configOf(flags, context), path, timeout)
  const problems = findings.filter(({ problem }) => problem !== undefined)
  for (const { asked, problem } of problems) process.stderr.write(`chihaya: ${asked}: ${problem}\n`)
  if (problems.length > 0) return 1
  for (const { asked } of findings) process.stdout.write(`${asked}: ok\n`)
  return 0
}

/**
 * Asks the admin server. Without one, every HTTP address has to answer, or every UDP address if
 * there is no HTTP.
 */
async function examine(
  { metricsAddress, http, udp }: Config,
  path: string,
  timeout: number,
): Promise<Finding[]> {
  let admin: Finding | undefined
  if (metricsAddress) {
    const asked = `${formatHttpAddress(metricsAddress)}${path}`
    admin = { asked, problem: await probeAdminServer(metricsAddress, path, timeout) }
    // The default address is optional: a tracker that cannot bind it still serves.
    if (admin.problem === undefined || !metricsAddress.optional) return [admin]
  }
  const listeners = http.filter(({ address }) => 'path' in address || address.port !== 0)
  const sockets = udp.filter(({ port }) => port !== 0)
  const findings =
    listeners.length > 0
      ? listeners.map(async (listener) => ({
          asked: formatHttpAddress(listener.address),
          problem: await probeHttp(listener.address, listener.tls !== undefined, timeout),
        }))
      : sockets.map(async (address) => ({
          asked: `udp ${formatHttpAddress(address)}`,
          problem: await probeUdp(address, timeout),
        }))
  if (findings.length > 0) return Promise.all(findings)
  return [
    admin ?? {
      asked: 'the tracker',
      problem: 'every port is 0, so there is no known address to ask',
    },
  ]
}

/**
 * The configuration, or the default address if it cannot be read: after a failed reload, the
 * tracker keeps its previous one.
 */
async function configOf({ config }: CommandLine, { folder, env }: CommandContext): Promise<Config> {
  try {
    return await loadConfig({ config, folder, env })
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof UnreadableConfigError)) throw error
    process.stderr.write(
      `chihaya: the configuration cannot be used, asking the default address: ${error.message}\n`,
    )
    return { http: [], udp: [], metricsAddress: DEFAULT_METRICS_ADDRESS }
  }
}

function readTimeout(text: string): number {
  try {
    const milliseconds = parseDuration(text)
    if (milliseconds > 0) return milliseconds
  } catch {
    // Reported below.
  }
  throw new UsageError(
    `--timeout must be a duration above 0, such as ${DEFAULT_TIMEOUT}, not ${JSON.stringify(text)}`,
  )
}
