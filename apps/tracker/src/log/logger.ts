import type { FastifyBaseLogger } from 'fastify'
import pino, { type Logger } from 'pino'
import { standardOutput } from './output.ts'
import { describeError, describeRequest } from './serializers.ts'
import { formatJson, prettyFormat } from './format.ts'

export interface LogFlags {
  /** Log everything. */
  readonly debug: boolean
  /** One JSON object per line. */
  readonly json: boolean
  /** No colours, even on a terminal. */
  readonly nocolors: boolean
}

/** The log on standard output. Lines that cannot be written are dropped, and delay nothing. */
export function createLogger({ debug, json, nocolors }: LogFlags): FastifyBaseLogger {
  const output = standardOutput(process.stdout, (dropped, reason) => {
    log.warn({ dropped, reason }, 'the log could not be written, so lines are lost')
  })
  const format = json ? formatJson : prettyFormat({ colorize: !nocolors && process.stdout.isTTY })
  const log: Logger = pino(
    {
      level: debug ? 'debug' : 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { req: describeRequest, err: describeError },
      ...(json && { formatters: { level: (label: string) => ({ level: label }) } }),
    },
    { write: (line: string) => output.write(format(line)) },
  )
  return log
}
