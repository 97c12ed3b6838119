import { prettyFactory } from 'pino-pretty'

/** Turns a line of pino's JSON into a line of the log. */
export type LogFormat = (line: string) => string

// Characters that JSON does not escape and terminals obey: C1 controls, direction marks, line ends.
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- controls are the point
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** JSON with printable characters only. */
export const formatJson: LogFormat = (line) => line.replaceAll(UNSAFE_IN_JSON, escapeCharacter)

/** Lines for people. Text from outside can neither begin a new line nor control the terminal. */
export function prettyFormat(options: { readonly colorize: boolean }): LogFormat {
  const format = prettyFactory({
    ...options,
    singleLine: true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  })
  return (line) => format(printable(JSON.parse(line) as unknown, ''))
}

/** A JSON value without control characters. A stack keeps its line ends, which the log indents. */
function printable(value: unknown, name: string): unknown {
  if (typeof value === 'string')
    return name === 'stack' ? value.split('\n').map(escapeText).join('\n') : escapeText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: unknown) => printable(item, ''))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [escapeText(key), printable(item, key)]),
  )
}

/** Text without control characters. */
export function escapeText(text: string): string {
  return text.replaceAll(UNSAFE, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
