import type { AddressFamily } from '@chihaya/bittorrent'
import type { Action, Network, RequestCount } from '@chihaya/core'

/** Requests of one kind: since the start, and their mean rate over `RequestFigures.seconds`. */
export interface KindFigures {
  readonly answered: number
  readonly refused: number
  readonly answeredPerSecond: number
  readonly refusedPerSecond: number
}

export type ActionFigures = Readonly<Record<AddressFamily, KindFigures>>

/** Figures of another frontend's protocol. Its peers may be in any network. */
export type ProtocolFigures = Readonly<Record<Action, Readonly<Record<Network, KindFigures>>>>

export interface Refusal {
  readonly reason: string
  readonly requests: number
}

export interface RequestFigures {
  /** Seconds that rates cover: a minute, or less after the start. */
  readonly seconds: number
  readonly total: KindFigures
  readonly http: Readonly<Record<Exclude<Action, 'connect'>, ActionFigures>>
  readonly udp: Readonly<Record<Action, ActionFigures>>
  /** Protocols that other frontends have added to the meter, by name. */
  readonly otherProtocols: Readonly<Record<string, ProtocolFigures>>
  /** In descending order of frequency. */
  readonly refusals: readonly Refusal[]
  /** Requests per second in steps of five seconds, for five minutes, oldest first. */
  readonly history: readonly number[]
  /** The maximum of `history`. */
  readonly highest: number
}

/** Counts of a meter at a point in time. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number
  readonly counts: readonly RequestCount[]
}

type Kind = Partial<Pick<RequestCount, 'protocol' | 'action' | 'network'>>

/** All figures except the history: counts of `now`, and rates since `before`. */
export function requestFigures(
  protocols: readonly string[],
  now: Sample,
  before: Sample,
): Omit<RequestFigures, 'history' | 'highest'> {
  const seconds = Math.max((now.at - before.at) / 1000, 0)
  const figures = (kind: Kind): KindFigures => {
    const [answered, refused] = sums(now, kind)
    const [answeredBefore, refusedBefore] = sums(before, kind)
    return {
      answered,
      refused,
      answeredPerSecond: perSecond(answered - answeredBefore, seconds),
      refusedPerSecond: perSecond(refused - refusedBefore, seconds),
    }
  }
  const families = (protocol: string, action: Action): ActionFigures => ({
    ipv4: figures({ protocol, action, network: 'ipv4' }),
    ipv6: figures({ protocol, action, network: 'ipv6' }),
  })
  const networks = (protocol: string, action: Action) => ({
    ...families(protocol, action),
    webrtc: figures({ protocol, action, network: 'webrtc' }),
  })
  const others = protocols.filter((protocol) => protocol !== 'http' && protocol !== 'udp')
  return {
    seconds: Math.round(seconds),
    total: figures({}),
    http: {
      announce: families('http', 'announce'),
      scrape: families('http', 'scrape'),
      other: families('http', 'other'),
    },
    udp: byAction((action) => families('udp', action)),
    otherProtocols: Object.fromEntries(
      others.map((protocol) => [protocol, byAction((action) => networks(protocol, action))]),
    ),
    refusals: refusals(now),
  }
}

function byAction<Figures>(figures: (action: Action) => Figures): Record<Action, Figures> {
  return {
    connect: figures('connect'),
    announce: figures('announce'),
    scrape: figures('scrape'),
    other: figures('other'),
  }
}

/** Requests of all kinds per second between two samples. */
export function requestRate(before: Sample, now: Sample): number {
  const [answered, refused] = sums(now, {})
  const [answeredBefore, refusedBefore] = sums(before, {})
  return perSecond(answered + refused - answeredBefore - refusedBefore, (now.at - before.at) / 1000)
}

function sums({ counts }: Sample, kind: Kind): [answered: number, refused: number] {
  let [answered, refused] = [0, 0]
  for (const { protocol, action, network, error, requests } of counts) {
    if ((kind.protocol ?? protocol) !== protocol || (kind.action ?? action) !== action) continue
    if ((kind.network ?? network) !== network) continue
    if (error === '') answered += requests
    else refused += requests
  }
  return [answered, refused]
}

function refusals({ counts }: Sample): Refusal[] {
  const byReason = new Map<string, number>()
  for (const { error, requests } of counts)
    if (error !== '') byReason.set(error, (byReason.get(error) ?? 0) + requests)
  return [...byReason]
    .map(([reason, requests]) => ({ reason, requests }))
    .sort((a, b) => b.requests - a.requests)
}

/** Rounded to hundredths; 0 for less than a second, which is too short for a rate. */
function perSecond(requests: number, seconds: number): number {
  return seconds < 1 ? 0 : Math.round((requests / seconds) * 100) / 100
}
