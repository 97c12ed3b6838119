/** One line of a benchmark's outcome. */
export interface Row {
  readonly what: string
  readonly measured: string
  /** Empty for a figure that has none. */
  readonly target: string
  readonly met: boolean
}

/** A Markdown table of the rows, aligned to be read in a terminal as well. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ['what', 'measured', 'target', ''],
    ...rows.map((row) => [
      row.what,
      row.measured,
      row.target,
      row.target === '' ? '' : row.met ? 'met' : 'missed',
    ]),
  ]
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  )
  const lines = cells.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  return lines.join('\n')
}
