/** A row of results. */
export interface Row {
  readonly what: string
  readonly measured: string
  /** Our target, for the terminal only; empty for none. */
  readonly target: string
  readonly met: boolean
}

/** The rows as a Markdown table for readers. */
export function table(rows: readonly Row[]): string {
  return align([['', 'measured'], ...rows.map(({ what, measured }) => [what, measured])])
}

/** The rows with our targets, for the terminal. */
export function tableWithTargets(rows: readonly Row[]): string {
  return align([
    ['', 'measured', 'target', ''],
    ...rows.map(({ what, measured, target, met }) => {
      const verdict = target === '' ? '' : met ? 'pass' : 'miss'
      return [what, measured, target, verdict]
    }),
  ])
}

function align(cells: ReadonlyArray<readonly string[]>): string {
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(3, ...cells.map((line) => line[column]?.length ?? 0)),
  )
  const lines = cells.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  return lines.join('\n')
}
