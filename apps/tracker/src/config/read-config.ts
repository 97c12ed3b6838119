import type { CoreOptions } from '@chihaya/core'
import { checkPorts } from './check-ports.ts'
import { ConfigReader, type Located } from './reader.ts'
import { DEFAULT_METRICS_ADDRESS, type MetricsAddress } from './metrics-address.ts'
import { ConfigError, inOrder } from './problems.ts'
import { readHooks, readStorage } from './read-plugins.ts'
import { readHttp } from './read-http.ts'
import { readUdp } from './read-udp.ts'
import { sections } from './sections.ts'
import type { Settings } from './settings.ts'
import type { TrackerConfig } from './tracker-config.ts'
import { variables } from './variables.ts'
import { warnOfContradictions } from './warn-of-contradictions.ts'

export interface ConfigText {
  /** The file as the user named it, for messages. */
  readonly name: string
  /** Its absolute path: plugins are looked for in its folder. */
  readonly path: string
  readonly text: string
  /** The folder that relative paths of certificates and secrets start from. */
  readonly folder: string
  /** What may set keys, and stand in values. @default {} */
  readonly env?: NodeJS.ProcessEnv
}

/** A configuration, and how it came about. */
export interface ReadConfig extends TrackerConfig {
  /** What was read, for those who explain it. Secrets are in it. */
  readonly settings: Settings
}

/**
 * Reads a configuration file of Chihaya v2. @throws {ConfigError} with everything that is wrong
 * with it.
 */
export async function readConfig({
  name,
  path,
  text,
  folder,
  env = {},
}: ConfigText): Promise<ReadConfig> {
  const reader = new ConfigReader({ file: name, text, folder, env })
  if (reader.isBroken) throw new ConfigError(inOrder(reader.problems), inOrder(reader.warnings))

  const root = rootSection(reader)
  const parts = reader.section(root, sections.root, 'chihaya') as CoreOptions & Parts
  const {
    metricsAddress = DEFAULT_METRICS_ADDRESS,
    torrents,
    statsOrigins,
    http,
    udp,
    storage,
    prehooks,
    posthooks,
    ...core
  } = parts
  const httpConfig = http && readHttp(reader, http, folder)
  const udpConfig = udp && readUdp(reader, udp)
  const nothing: Located = { key: root.key, value: null }
  const store = storage ? await readStorage(reader, storage, path) : undefined
  const before = await readHooks(reader, prehooks ?? nothing, 'chihaya.prehooks', path)
  const after = await readHooks(reader, posthooks ?? nothing, 'chihaya.posthooks', path)
  // An address that is wrong has been mentioned.
  if (!httpConfig && !udpConfig && !reader.problems.some(({ key }) => key.endsWith('addr'))) {
    reader.problem(
      root.key,
      'chihaya',
      'chihaya has neither http.addr, http.https_addr nor udp.addr: there is nothing to serve',
    )
  }
  checkPorts(reader, root, httpConfig?.listeners ?? [], metricsAddress)
  reader.refuseUnknownVariables(variables())
  warnOfContradictions(reader, root, udpConfig?.frontend.privateKey)
  if (reader.problems.length > 0)
    throw new ConfigError(inOrder(reader.problems), inOrder(reader.warnings))
  return {
    tracker: {
      ...core,
      ...(store && { storage: store }),
      http: httpConfig ? httpConfig.frontend : false,
      udp: udpConfig ? udpConfig.frontend : false,
      prehooks: before,
      posthooks: after,
    },
    http: httpConfig?.listeners ?? [],
    connections: httpConfig?.connections ?? {},
    udp: udpConfig?.addresses ?? [],
    metricsAddress: metricsAddress === false ? undefined : metricsAddress,
    stats: httpConfig?.stats ?? false,
    torrents: torrents ?? false,
    statsOrigins: statsOrigins ?? [],
    settings: reader.sections,
    warnings: inOrder(reader.warnings),
  }
}

interface Parts {
  metricsAddress?: MetricsAddress | false
  torrents?: boolean
  statsOrigins?: readonly string[]
  http?: Located
  udp?: Located
  storage?: Located
  prehooks?: Located
  posthooks?: Located
}

/** What is under the only key of the file. */
function rootSection(reader: ConfigReader): Located {
  const file = reader.root()
  const entries = reader.entries(file, 'the file')
  const chihaya = entries.get('chihaya')
  for (const [name, { key }] of entries) {
    // Some editors are told of the schema by a key of the file.
    if (name === 'chihaya' || name === '$schema') continue
    const hint = chihaya ? 'everything belongs under chihaya' : 'the one key of the file is chihaya'
    reader.problem(key, name, `${name} is not a known key; ${hint}`)
  }
  if (!chihaya && reader.problems.length === 0) {
    const found = reader.node(file) === undefined ? 'is empty' : 'has no key chihaya'
    reader.problem(
      file.key,
      'chihaya',
      `the file ${found}; it needs chihaya, with http or udp in it`,
    )
  }
  if (!chihaya) throw new ConfigError(inOrder(reader.problems), inOrder(reader.warnings))
  return chihaya
}
