import type { Action, Protocol, RequestCount } from '@chihaya/core'

type AddressFamily = RequestCount['family']

/** Requests of one kind: since the start, and their mean rate over `RequestFigures.seconds`. */
export interface KindFigures {
  readonly answered: number
  readonly refused: number
  readonly answeredPerSecond: number
  readonly refusedPerSecond: number
}

export type ActionFigures = Readonly<Record<AddressFamily, KindFigures>>

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

type Kind = Partial<Pick<RequestCount, 'protocol' | 'action' | 'family'>>

/** All figures except the history: counts of `now`, and rates since `before`. */
export function requestFigures(
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
  const families = (protocol: Protocol, action: Action): ActionFigures => ({
    ipv4: figures({ protocol, action, family: 'ipv4' }),
    ipv6: figures({ protocol, action, family: 'ipv6' }),
  })
  const actions = (protocol: Protocol) => ({
    announce: families(protocol, 'announce'),
    scrape: families(protocol, 'scrape'),
    other: families(protocol, 'other'),
  })
  return {
    seconds: Math.round(seconds),
    total: figures({}),
    http: actions('http'),
    udp: { connect: families('udp', 'connect'), ...actions('udp') },
    refusals: refusals(now),
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
  for (const { protocol, action, family, error, requests } of counts) {
    if ((kind.protocol ?? protocol) !== protocol || (kind.action ?? action) !== action) continue
    if ((kind.family ?? family) !== family) continue
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
