import type { CoreOptions } from '@chihaya/core'
import type { UdpFrontendOptions } from '@chihaya/udp-frontend'
import { formatHttpAddress, parseGoAddress } from '@chihaya/listeners'
import type { LoadedPlugin } from '../plugin/load-plugin.ts'
import type { PluginChoice } from '../plugin/options.ts'
import { overlap, type Endpoint } from '../run/endpoint.ts'
import type { HttpListenerOptions, ListenAddress } from './addresses.ts'
import {
  buildHttp,
  parseAddresses,
  parseListenAddress,
  warnOfSpoofing,
  type HttpOptions,
} from './build-http.ts'
import type { Plugins } from './plugins.ts'
import { nameOf, type Path } from './problems.ts'
import { isSection, type Section, type Source } from './source.ts'
import type { YamlSchema } from './spelling.ts'
import { readSecretFile, SecretFileError } from './text-file.ts'
import {
  DEFAULT_METRICS_ADDRESS,
  type MetricsAddress,
  type TrackerConfig,
} from './tracker-config.ts'

const PATH: Path = ['chihaya']
const UDP: Path = ['chihaya', 'udp']

// Chihaya's example and its Helm chart ship this key, and it works there.
const PUBLISHED_KEYS: ReadonlySet<string> = new Set([
  'paste a random string here that will be used to hmac connection IDs',
])

/** The options under `chihaya`, by the names of the packages. */
interface Options extends CoreOptions {
  readonly metricsAddress?: string
  readonly torrents?: boolean
  readonly statsOrigins?: readonly string[]
  readonly http?: HttpOptions
  readonly udp?: UdpOptions
  readonly storage?: { readonly name?: string; readonly config?: object }
  readonly prehooks?: readonly HookOptions[]
  readonly posthooks?: readonly HookOptions[]
}

interface HookOptions {
  readonly options?: object
}

type UdpOptions = UdpFrontendOptions & { readonly addresses?: string | readonly string[] }

/** A configuration, apart from its warnings. `folder`: where relative paths start. */
export function build(
  source: Source,
  section: Section,
  plugins: Plugins,
  folder: string,
): Omit<TrackerConfig, 'warnings'> {
  const options = optionsOf(source, section, plugins.schema, PATH, folder) as Options
  const {
    metricsAddress,
    torrents,
    statsOrigins,
    http,
    udp,
    storage,
    prehooks,
    posthooks,
    ...core
  } = options
  const httpConfig = http && buildHttp(source, section['http'] as Section, http, folder)
  const udpConfig = udp && buildUdp(source, section['udp'] as Section, udp)
  // A bad address has been reported.
  if (
    !httpConfig &&
    !udpConfig &&
    !source.findings.problems.some(({ key }) => key.endsWith('addr'))
  )
    source.refuse(
      PATH,
      ' has neither http.addr, http.https_addr nor udp.addr: there is nothing to serve',
      'key',
    )
  const metrics = metricsAddressOf(section, metricsAddress)
  checkPorts(source, httpConfig?.listeners ?? [], metrics)
  return {
    tracker: {
      ...core,
      ...(storage && { storage: storeOf(plugins.storage, storage) }),
      http: httpConfig ? httpConfig.frontend : false,
      udp: udpConfig ? udpConfig.frontend : false,
      prehooks: hooksOf(plugins.prehooks, prehooks),
      posthooks: hooksOf(plugins.posthooks, posthooks),
    },
    http: httpConfig?.listeners ?? [],
    connections: httpConfig?.connections ?? {},
    udp: udpConfig?.addresses ?? [],
    metricsAddress: metrics,
    stats: httpConfig?.stats ?? false,
    torrents: torrents ?? false,
    statsOrigins: statsOrigins ?? [],
  }
}

/** A section by the names of the options that its keys set. */
function optionsOf(
  source: Source,
  section: Section,
  { keys }: YamlSchema,
  path: Path,
  folder: string,
): object {
  if (keys === undefined) return section
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(section)) {
    const key = keys.get(name)
    if (key === undefined || value === undefined) continue
    const at = [...path, name]
    options[key.option] =
      key.isSecretFile === true
        ? secretOf(source, value as string, at, folder)
        : valueOf(source, value, key, at, folder)
  }
  return options
}

function valueOf(
  source: Source,
  value: unknown,
  schema: YamlSchema,
  path: Path,
  folder: string,
): unknown {
  const { keys, items, tuple } = schema
  if (keys && isSection(value)) return optionsOf(source, value, schema, path, folder)
  if (!Array.isArray(value) || (!items && !tuple)) return value
  return value.map((item, index) => {
    const itemSchema = tuple?.[index] ?? items
    return itemSchema ? valueOf(source, item, itemSchema, [...path, index], folder) : item
  })
}

function secretOf(source: Source, file: string, path: Path, folder: string): string | undefined {
  try {
    return readSecretFile(file, folder)
  } catch (error) {
    if (!(error instanceof SecretFileError)) throw error
    source.refuse(path, `: ${error.message}`)
    return undefined
  }
}

function storeOf(
  loaded: LoadedPlugin | undefined,
  { name = 'memory', config = {} }: NonNullable<Options['storage']>,
): PluginChoice {
  return loaded ? { plugin: loaded.plugin, options: config } : { name }
}

function hooksOf(
  loaded: ReadonlyArray<LoadedPlugin | undefined>,
  hooks: readonly HookOptions[] = [],
): PluginChoice[] {
  return loaded.flatMap((hook, index) =>
    hook ? { plugin: hook.plugin, options: hooks[index]?.options ?? {} } : [],
  )
}

function buildUdp(
  source: Source,
  section: Section,
  { addresses, ...frontend }: UdpOptions,
): { frontend: UdpFrontendOptions; addresses: readonly ListenAddress[] } | undefined {
  if (!Object.hasOwn(section, 'addr')) {
    source.warn(UDP, ' has no addr, so UDP is off')
    return undefined
  }
  const warning = secretWarning(frontend.privateKey)
  if (warning !== undefined) source.warn([...UDP, 'private_key'], `: ${warning}`)
  warnOfSpoofing(source, UDP, frontend.allowIpSpoofing)
  return { frontend, addresses: parseAddresses(addresses, 'chihaya.udp.addr', parseListenAddress) }
}

function secretWarning(privateKey: string | string[] | undefined): string | undefined {
  if (privateKey === undefined)
    return 'not set, so each start generates one, and clients must connect again'
  return [privateKey].flat().some((key) => PUBLISHED_KEYS.has(key.trim()))
    ? "this is the key of Chihaya's example, which is public, so connection ids can be forged; choose your own"
    : undefined
}

/** The address of the admin server; undefined for none. */
function metricsAddressOf(section: Section, text: string | undefined): MetricsAddress | undefined {
  if (text === undefined) return DEFAULT_METRICS_ADDRESS
  const name = section['metrics_addr'] === undefined ? 'prometheus_addr' : 'metrics_addr'
  const address = parseGoAddress(text)
  return address && { ...address, key: nameOf([...PATH, name]), optional: false }
}

/** Refuses HTTP addresses that conflict. The system would only report that a port is in use. */
function checkPorts(
  source: Source,
  listeners: readonly HttpListenerOptions[],
  metrics: MetricsAddress | undefined,
): void {
  const endpoints: Endpoint[] = listeners.map(({ address }) => ({ protocol: 'http', address }))
  // The default address is optional.
  if (metrics?.optional === false) endpoints.push({ protocol: 'http', address: metrics })
  for (const [index, endpoint] of endpoints.entries()) {
    const holder = endpoints.slice(0, index).find((other) => overlap(endpoint, other))
    if (!holder) continue
    const { key } = endpoint.address
    const text = `${key} cannot be ${formatHttpAddress(endpoint.address)}: ${holder.address.key} already has the port`
    const path = key.replace(/\[.*/, '').split('.')
    source.findings.problem(source.valuePlace(path), key, text)
  }
}
