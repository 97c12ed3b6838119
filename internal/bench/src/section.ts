import { table, tableWithTargets, type Row } from './table.ts'

/** A bar of a chart. */
export interface Bar {
  readonly label: string
  readonly value: number
}

/** Results of a benchmark: Markdown, a table, and optionally a chart. */
export interface Section {
  readonly title: string
  readonly text: string
  readonly rows: readonly Row[]
  readonly chart?: { readonly title: string; readonly bars: readonly Bar[] }
}

/** A section of the published report. */
export function markdown({ title, text, rows }: Section): string {
  return `## ${title}\n\n${text}\n\n${table(rows)}\n`
}

/** A section for the terminal, with our targets. */
export function terminal({ title, text, rows }: Section): string {
  return `${title}\n\n${text}\n\n${tableWithTargets(rows)}\n`
}
