import type { TrackerStats } from '../tracker-stats.ts'
import { figureAt, FORMATS, type Format } from './formats.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** An element that shows a figure; its attributes tell the script how to update it. */
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

/** Text escaped for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
