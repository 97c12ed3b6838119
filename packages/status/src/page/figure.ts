import type { TrackerStats } from '../tracker-stats.ts'
import { figureAt, FORMATS, type Format } from './formats.ts'
import { escapeHtml } from './html.ts'

/** The attributes and the text of an element that shows a figure: the script finds it by them. */
export function figure(
  element: 'span' | 'td' | 'dd',
  stats: TrackerStats,
  path: string,
  format: Format,
): string {
  const text = FORMATS[format](figureAt(stats, path))
  const missing = text === 'unavailable' ? ' data-missing' : ''
  return `<${element} data-figure="${path}" data-format="${format}"${missing}>${escapeHtml(text)}</${element}>`
}
