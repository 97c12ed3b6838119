import { NETWORKS, type Network } from '@chihaya/core'
import type { KindFigures, RequestFigures } from '../request-figures.ts'
import type { TrackerStats } from '../tracker-stats.ts'
import { escapeHtml, figure } from './figure.ts'
import { FORMATS, type Format } from './formats.ts'

const KINDS: ReadonlyArray<[name: string, path: string]> = [
  ['HTTP announce', 'http.announce'],
  ['HTTP scrape', 'http.scrape'],
  ['HTTP, other', 'http.other'],
  ['UDP connect', 'udp.connect'],
  ['UDP announce', 'udp.announce'],
  ['UDP scrape', 'udp.scrape'],
  ['UDP, other', 'udp.other'],
]

const FAMILIES: readonly Network[] = ['ipv4', 'ipv6']
const ACTIONS = ['connect', 'announce', 'scrape', 'other'] as const

const NETWORK_NAMES: Readonly<Record<Network, string>> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  webrtc: 'WebRTC',
}

const FIGURES: ReadonlyArray<[name: string, key: keyof KindFigures, format: Format]> = [
  ['Answered per second', 'answeredPerSecond', 'rate'],
  ['Answered', 'answered', 'count'],
  ['Refused', 'refused', 'count'],
]

/** The protocols of other frontends get rows below, and a column for WebRTC. */
export function requestTable(stats: TrackerStats): string {
  const others = Object.keys(stats.requests.otherProtocols).flatMap((protocol) =>
    ACTIONS.map((action): [name: string, path: string] => [
      `${protocol.toUpperCase()}${action === 'other' ? ', other' : ` ${action}`}`,
      `otherProtocols.${protocol}.${action}`,
    ]),
  )
  const networks = others.length > 0 ? NETWORKS : FAMILIES
  const row = ([name, path]: [name: string, path: string], own: readonly Network[]): string => {
    const cells = FIGURES.flatMap(([, key, format]) =>
      networks.map((network) =>
        own.includes(network)
          ? figure('td', stats, `requests.${path}.${network}.${key}`, format)
          : '<td></td>',
      ),
    )
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`
  }
  const rows = [
    ...KINDS.map((kind) => row(kind, FAMILIES)),
    ...others.map((kind) => row(kind, NETWORKS)),
  ]
  const groups = FIGURES.map(
    ([name]) => `<th colspan="${networks.length}" scope="colgroup">${name}</th>`,
  )
  const columns = networks.map((network) => `<th scope="col">${NETWORK_NAMES[network]}</th>`)
  return `<table>
<thead>
<tr><td rowspan="2"></td>${groups.join('')}</tr>
<tr>${columns.join('').repeat(FIGURES.length)}</tr>
</thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

export function peerTable(stats: TrackerStats): string {
  const networks = stats.store.seeders?.webrtc === undefined ? FAMILIES : NETWORKS
  const rows = networks.map((network) => {
    const cells = ['seeders', 'leechers'].map((role) =>
      figure('td', stats, `store.${role}.${network}`, 'count'),
    )
    return `<tr><th scope="row">${NETWORK_NAMES[network]}</th>${cells.join('')}</tr>`
  })
  return `<table>
<thead><tr><td></td><th scope="col">Seeders</th><th scope="col">Leechers</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

export function refusalTable({ refusals }: RequestFigures): string {
  const rows = refusals.map(({ reason, requests }) => twoCells(reason, FORMATS.count(requests)))
  return `<table>
<thead><tr><th scope="col">What clients were told</th><th scope="col">Requests</th></tr></thead>
<tbody data-rows="refusals">${rows.join('') || twoCells('nothing was refused', '')}</tbody>
</table>`
}

export function checkTable({ checks }: TrackerStats): string {
  const rows = Object.entries(checks).map(([name, text]) => twoCells(name, text))
  return `<table>
<thead><tr><th scope="col">Part</th><th scope="col">State</th></tr></thead>
<tbody data-rows="checks">${rows.join('') || twoCells('nothing is checked', '')}</tbody>
</table>`
}

function twoCells(head: string, text: string): string {
  return `<tr><th scope="row">${escapeHtml(head)}</th><td>${escapeHtml(text)}</td></tr>`
}
