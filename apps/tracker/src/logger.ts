import type { FastifyBaseLogger } from 'fastify'
import pino, { type LoggerOptions } from 'pino'
import pretty from 'pino-pretty'

export interface LogFlags {
  /** Everything, not only what an operator needs. */
  readonly debug: boolean
  /** One JSON object a line. */
  readonly json: boolean
  /** No colours, even on a terminal. */
  readonly nocolors: boolean
}

const STANDARD_OUTPUT = 1

/** The log on standard output, written at once, so that the last lines before an exit are there. */
export function createLogger({ debug, json, nocolors }: LogFlags): FastifyBaseLogger {
  const options: LoggerOptions = {
    level: debug ? 'debug' : 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { req: describeRequest },
  }
  if (json) {
    const levels = { formatters: { level: (label: string) => ({ level: label }) } }
    return pino({ ...options, ...levels }, pino.destination({ dest: STANDARD_OUTPUT, sync: true }))
  }
  const colorize = !nocolors && process.stdout.isTTY
  return pino(
    options,
    pretty({ colorize, destination: STANDARD_OUTPUT, sync: true, singleLine: true, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' }),
  )
}

/** A request without its query, which holds passkeys, tokens and peer ids. */
function describeRequest(request: { method?: string; url?: string; ip?: string }): object {
  return { method: request.method, path: request.url?.split('?', 1)[0], remoteAddress: request.ip }
}
