import { parseDuration, type JsonSchema } from '@chihaya/core'

/** The options of one package or section. */
export interface OptionView {
  readonly given: Readonly<Record<string, unknown>>
  readonly defaults: Readonly<Record<string, unknown>>
  /** The name of an option where it was given. */
  readonly nameOf: (option: string) => string
}

/** A setting that contradicts another. It is valid: the tracker runs with it. */
export interface Contradiction {
  /** One of the options that were given. */
  readonly option: string
  /** What is wrong with the option, without its name. */
  readonly text: string
}

/** A part of a tracker that has rules. */
export type Part = 'core' | 'http' | 'udp' | 'memory' | 'redis' | 'jwt'

type Rule = (view: OptionView) => Contradiction | undefined

/** Bytes. A shorter secret can be guessed from a single connection id. */
const SHORT_SECRET = 16

/** An option that should not exceed another, where 0 is no limit. */
function atMost(option: string, limit: string, consequence: string): Rule {
  return (view) => {
    const [value, most] = [amount(view, option), amount(view, limit)]
    if (view.given[option] === undefined || value === undefined || most === undefined)
      return undefined
    if (most === 0 || value <= most) return undefined
    return {
      option,
      text: `${written(view.given[option])} is more than ${shown(view, limit)}; ${consequence}`,
    }
  }
}

/** An option that has no effect unless another is given, or one of `more`. */
function needs(option: string, other: string, ...more: readonly string[]): Rule {
  return ({ given, nameOf }) => {
    if (given[option] === undefined || [other, ...more].some((each) => Boolean(given[each])))
      return undefined
    return { option, text: `this has no effect without ${nameOf(other)}` }
  }
}

const numWant = atMost('defaultNumWant', 'maxNumWant', 'clients never get more than that')

/** The message does not show the secret. */
const shortSecret: Rule = ({ given }) => {
  const keys = [given['privateKey']].flat().filter((key) => typeof key === 'string')
  if (!keys.some((key) => Buffer.byteLength(key) < SHORT_SECRET)) return undefined
  const text = `shorter than ${SHORT_SECRET} bytes, so it can be guessed and connection ids forged; use openssl rand -hex 32`
  return { option: 'privateKey', text }
}

const rotationOfOwnKey: Rule = ({ given, nameOf }) => {
  if (given['keyRotation'] === undefined || given['privateKey'] === undefined) return undefined
  return {
    option: 'keyRotation',
    text: `this has no effect with ${nameOf('privateKey')}: only generated secrets are rotated`,
  }
}

const idleWithoutKeepAlive: Rule = (view) => {
  const { given, defaults, nameOf } = view
  // Chihaya's samples set both, each to its default.
  if (given['idleTimeout'] === undefined || given['keepAlive'] === true) return undefined
  if (amount(view, 'idleTimeout') === amount({ ...view, given: defaults }, 'idleTimeout'))
    return undefined
  return {
    option: 'idleTimeout',
    text: `this has no effect without ${nameOf('keepAlive')}, as each connection ends with its answer`,
  }
}

const downloadsBeforePeers: Rule = (view) => {
  const [downloads, peers] = [amount(view, 'downloadedLifetime'), amount(view, 'peerLifetime')]
  if (downloads === undefined || peers === undefined || downloads >= peers) return undefined
  const [option, comparison, other] =
    view.given['downloadedLifetime'] === undefined
      ? (['peerLifetime', 'more', 'downloadedLifetime'] as const)
      : (['downloadedLifetime', 'less', 'peerLifetime'] as const)
  const consequence = 'downloads are forgotten while peers are still there'
  return {
    option,
    text: `${written(view.given[option])} is ${comparison} than ${shown(view, other)}; ${consequence}`,
  }
}

const torrentsNowhere: Rule = ({ given, nameOf }) => {
  if (given['torrents'] !== true || given['metricsAddress'] !== '') return undefined
  return { option: 'torrents', text: `this has no effect without ${nameOf('metricsAddress')}` }
}

const fallbackPeers: Rule = ({ given, nameOf }) => {
  if (given['fallbackMaxPeers'] === undefined || given['fallback'] === 'memory') return undefined
  return {
    option: 'fallbackMaxPeers',
    text: `this has no effect unless ${nameOf('fallback')} is memory`,
  }
}

/** The rules for each part of a tracker. */
export const RULES: Readonly<Record<Part, readonly Rule[]>> = {
  core: [
    atMost(
      'minAnnounceInterval',
      'announceInterval',
      'clients are told to wait no longer than that',
    ),
    torrentsNowhere,
  ],
  http: [
    numWant,
    needs('trustedProxies', 'realIpHeader', 'proxyProtocol'),
    needs('tlsCertPath', 'httpsAddresses'),
    needs('tlsKeyPath', 'httpsAddresses'),
    atMost('maxConnectionsPerIp', 'maxConnections', 'one address may take them all'),
    idleWithoutKeepAlive,
  ],
  udp: [
    numWant,
    shortSecret,
    rotationOfOwnKey,
    atMost('maxClockSkew', 'connectionIdLifetime', 'connection ids live longer than they should'),
  ],
  memory: [
    atMost('gcInterval', 'peerLifetime', 'expired peers stay in swarms until the next collection'),
    atMost('maxPeersPerSwarm', 'maxPeers', 'a single swarm may take them all'),
    atMost('maxSwarms', 'maxPeers', 'it is never reached, as each swarm has a peer'),
  ],
  redis: [downloadsBeforePeers, fallbackPeers],
  jwt: [
    atMost(
      'jwkSetMinUpdateInterval',
      'jwkSetUpdateInterval',
      'tokens with an unknown key cause no update before the next one',
    ),
  ],
}

/** The contradictions among the options of one part. */
export function contradictions(rules: readonly Rule[], view: OptionView): Contradiction[] {
  return rules.map((rule) => rule(view)).filter((found) => found !== undefined)
}

/**
 * A warning if a store drops peers before they announce again. `delay`: milliseconds that are added
 * to the interval at most.
 */
export function shortLifetime(
  core: OptionView,
  storage: OptionView,
  delay = 0,
): string | undefined {
  const [lifetime, interval] = [amount(storage, 'peerLifetime'), amount(core, 'announceInterval')]
  if (lifetime === undefined || interval === undefined || lifetime > interval + delay)
    return undefined
  const [kept, told] = [shown(storage, 'peerLifetime'), shown(core, 'announceInterval')]
  const varied = delay > 0 ? ` and the ${delay / 1000}s that it is varied by` : ''
  return `${kept} is not longer than ${told}${varied}: peers vanish before they announce again`
}

/** The defaults of a schema's properties. */
export function defaultsOf(
  properties: Readonly<Record<string, JsonSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([option, { default: value }]) => [option, value]),
  )
}

/** A number, or a duration in milliseconds; undefined if it is absent or invalid. */
function amount({ given, defaults }: OptionView, option: string): number | undefined {
  const value = given[option] ?? defaults[option]
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  try {
    return parseDuration(value)
  } catch {
    return undefined
  }
}

function shown({ given, defaults, nameOf }: OptionView, option: string): string {
  const isByDefault = given[option] === undefined
  return `${nameOf(option)}, ${written(isByDefault ? defaults[option] : given[option])}${isByDefault ? ' by default' : ''}`
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
