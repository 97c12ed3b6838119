import { prettyFactory } from 'pino-pretty'

/** A line of pino's JSON in the form that goes to the log. */
export type LogFormat = (line: string) => string

// What JSON leaves as it is, although a terminal obeys it: C1 controls, marks of direction, ends of
// lines.
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** JSON in which every character can be printed. */
export const formatJson: LogFormat = (line) => line.replaceAll(UNSAFE_IN_JSON, escapeCharacter)

/**
 * Lines for people. What came from outside cannot begin a line of its own, nor reach the terminal
 * as anything but text.
 */
export function prettyFormat(options: { readonly colorize: boolean }): LogFormat {
  const format = prettyFactory({
    ...options,
    singleLine: true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  })
  return (line) => format(printable(JSON.parse(line) as unknown, ''))
}

/**
 * A JSON value whose texts have no controls. A stack keeps its line ends, which the log indents.
 */
function printable(value: unknown, name: string): unknown {
  if (typeof value === 'string')
    return name === 'stack' ? value.split('\n').map(escapeText).join('\n') : escapeText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: unknown) => printable(item, ''))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [escapeText(key), printable(item, key)]),
  )
}

/** Text without characters that a terminal obeys. */
export function escapeText(text: string): string {
  return text.replaceAll(UNSAFE, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
