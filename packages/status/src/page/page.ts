import { createHash } from 'node:crypto'
import type { TrackerStats } from '../tracker-stats.ts'
import { escapeHtml, figure } from './figure.ts'
import { FORMATS, sparklinePath } from './formats.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { checkTable, peerTable, refusalTable, requestTable } from './tables.ts'

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%230b6e6e'/%3E%3C/svg%3E"

/** The page is self-contained; its policy keeps the browser from loading anything else. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${digest(SCRIPT)}`,
    `style-src ${digest(STYLE)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** The statistics as a page that works without JavaScript; its script keeps it current. */
export function renderPage(stats: TrackerStats): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Chihaya: statistics</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body data-state="${escapeHtml(stats.status)}">
<header>
<h1>Chihaya</h1>
<p id="state">${figure('span', stats, 'status', 'text')}</p>
<p id="facts">Version ${escapeHtml(stats.version)}, up for ${figure('span', stats, 'uptime', 'duration')}. As of ${figure('span', stats, 'time', 'clock')}, <span id="freshness">reload for newer figures</span>.</p>
</header>
<p id="notice" role="status" hidden></p>
<main>
<dl class="totals">
${total(stats, 'Swarms', 'store.swarms', 'count')}
${total(stats, 'Seeders', 'store.totals.seeders', 'count')}
${total(stats, 'Leechers', 'store.totals.leechers', 'count')}
${total(stats, 'Answered per second', 'requests.total.answeredPerSecond', 'rate')}
${total(stats, 'Refused per second', 'requests.total.refusedPerSecond', 'rate')}
</dl>
<section class="wide" aria-labelledby="requests">
<h2 id="requests">Requests</h2>
<figure class="chart">
<svg viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true"><path id="history" d="${sparklinePath(stats.requests.history)}"/></svg>
<figcaption>Requests per second in the last five minutes, ${figure('span', stats, 'requests.highest', 'rate')} at the highest</figcaption>
</figure>
<div class="scroll" role="region" aria-labelledby="requests" tabindex="0">
${requestTable(stats)}
</div>
</section>
<section aria-labelledby="peers">
<h2 id="peers">Peers</h2>
${peerTable(stats)}
</section>
<section aria-labelledby="refusals">
<h2 id="refusals">Refusals</h2>
${refusalTable(stats.requests)}
</section>
<section aria-labelledby="checks">
<h2 id="checks">Readiness</h2>
${checkTable(stats)}
</section>
<section aria-labelledby="process">
<h2 id="process">Process</h2>
<dl class="facts">
<dt>Store</dt>${figure('dd', stats, 'store.name', 'text')}
<dt>Memory</dt>${figure('dd', stats, 'memory.resident', 'bytes')}
<dt>JavaScript heap</dt>${figure('dd', stats, 'memory.heap', 'bytes')}
<dt>Buffers</dt>${figure('dd', stats, 'memory.buffers', 'bytes')}
</dl>
</section>
</main>
<footer>
<p>Requests are those of this process since it started; rates are means of the last ${figure('span', stats, 'requests.seconds', 'count')} seconds.
Swarms and peers are those of the store, which several trackers may share.</p>
</footer>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function total(
  stats: TrackerStats,
  name: string,
  path: string,
  format: keyof typeof FORMATS,
): string {
  return `<div><dt>${name}</dt>${figure('dd', stats, path, format)}</div>`
}

function digest(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}
