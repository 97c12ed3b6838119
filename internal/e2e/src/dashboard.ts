import { readFileSync } from 'node:fs'

const FILE = new URL('../../../deploy/grafana/chihaya.json', import.meta.url)

/** An expression of a panel. */
export interface PanelQuery {
  readonly panel: string
  readonly expression: string
}

interface Panel {
  readonly type: string
  readonly title: string
  readonly targets?: ReadonlyArray<{ readonly expr: string }>
}

/**
 * Every expression of the dashboard as Grafana sends it, for all instances and with rates over
 * `interval`.
 */
export function dashboardQueries(interval: string): PanelQuery[] {
  const { panels } = JSON.parse(readFileSync(FILE, 'utf8')) as { panels: readonly Panel[] }
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expression: substitute(expr, interval) })),
  )
}

function substitute(expression: string, interval: string): string {
  const substituted = expression
    .replaceAll('$__rate_interval', interval)
    .replaceAll('$job', '.*')
    .replaceAll('$instance', '.*')
  if (substituted.includes('$')) throw new Error(`${expression}: unknown variable`)
  return substituted
}
