/** Text as code in Markdown. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

/** Text for a cell of a table. */
export function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** A table in Markdown, laid out as the formatter would. The first row is the head. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const cells = rows.map((row) => row.map(escapeCell))
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = cells
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
