import { table, type Row } from './table.ts'

/** A bar of a chart. */
export interface Bar {
  readonly label: string
  readonly value: number
}

/** What a benchmark has to say: some Markdown, figures with their targets, and perhaps a chart. */
export interface Section {
  readonly title: string
  readonly text: string
  readonly rows: readonly Row[]
  readonly chart?: { readonly title: string; readonly bars: readonly Bar[] }
}

/** A section as Markdown. */
export function markdown(section: Section): string {
  return `## ${section.title}\n\n${section.text}\n\n${table(section.rows)}\n`
}
