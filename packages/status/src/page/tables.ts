import type { RequestFigures } from '../request-figures.ts'
import type { TrackerStats } from '../tracker-stats.ts'
import { escapeHtml, figure } from './figure.ts'
import { FORMATS } from './formats.ts'

const KINDS: ReadonlyArray<[name: string, path: string]> = [
  ['HTTP announce', 'http.announce'],
  ['HTTP scrape', 'http.scrape'],
  ['HTTP, other', 'http.other'],
  ['UDP connect', 'udp.connect'],
  ['UDP announce', 'udp.announce'],
  ['UDP scrape', 'udp.scrape'],
  ['UDP, other', 'udp.other'],
]

const FAMILIES = ['ipv4', 'ipv6'] as const

export function requestTable(stats: TrackerStats): string {
  const rows = KINDS.map(([name, path]) => {
    const cells = [
      ...FAMILIES.map((family) =>
        figure('td', stats, `requests.${path}.${family}.answeredPerSecond`, 'rate'),
      ),
      ...FAMILIES.map((family) =>
        figure('td', stats, `requests.${path}.${family}.answered`, 'count'),
      ),
      ...FAMILIES.map((family) =>
        figure('td', stats, `requests.${path}.${family}.refused`, 'count'),
      ),
    ]
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`
  })
  const families = '<th scope="col">IPv4</th><th scope="col">IPv6</th>'
  return `<table>
<thead>
<tr><td rowspan="2"></td><th colspan="2" scope="colgroup">Answered per second</th><th colspan="2" scope="colgroup">Answered</th><th colspan="2" scope="colgroup">Refused</th></tr>
<tr>${families.repeat(3)}</tr>
</thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

export function peerTable(stats: TrackerStats): string {
  const row = (name: string, family: string): string => {
    const cells = ['seeders', 'leechers'].map((role) =>
      figure('td', stats, `store.${role}.${family}`, 'count'),
    )
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`
  }
  return `<table>
<thead><tr><td></td><th scope="col">Seeders</th><th scope="col">Leechers</th></tr></thead>
<tbody>
${row('IPv4', 'ipv4')}
${row('IPv6', 'ipv6')}
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
