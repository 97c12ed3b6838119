import { listenError, ListenError } from '@chihaya/listeners'
import type { ListenAddress } from '../config/addresses.ts'
import pino from 'pino'
import { ConfigError, formatNote, type ConfigNote } from '../config/problems.ts'
import { standardOutput, type LogOutput } from '../log/output.ts'
import { describeError } from '../log/serializers.ts'
import { formatJson } from '../log/format.ts'

/** One reason why the tracker does not start. */
export interface StartFailure {
  readonly message: string
  /** The place in the configuration. */
  readonly note?: ConfigNote
  /** For errors that no configuration explains. */
  readonly err?: unknown
}

// Opened at the first failure, and kept: reloads may fail many times.
let errors: LogOutput | undefined

/** Why the tracker does not start. @param udp the addresses it would listen on for UDP. */
export function startFailures(error: unknown, udp: readonly ListenAddress[] = []): StartFailure[] {
  if (error instanceof ConfigError)
    return error.notes.map((note) => ({ message: formatNote(note), note }))
  if (error instanceof ListenError) return [{ message: error.message }]
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (syscall === 'bind') return [{ message: udpFailure(error as BindError, udp) }]
  // An error with a code is about the system, and its message says enough.
  return typeof code === 'string' ? [{ message }] : [{ message, err: error }]
}

type BindError = Error & { readonly address?: string; readonly port?: number }

function udpFailure(error: BindError, addresses: readonly ListenAddress[]): string {
  const samePort = addresses.filter(({ port }) => port === error.port)
  const address = samePort.find(({ host }) => host === error.address) ?? samePort[0]
  return address === undefined
    ? `cannot listen on udp: ${error.message}`
    : listenError('udp', address, error).message
}

export interface FailureFormat {
  readonly json: boolean
  /** For JSON; `error` if the tracker continues. @default 'fatal' */
  readonly level?: 'fatal' | 'error'
}

/** Writes to standard error, one line each, in JSON if the log is. */
export function writeFailures(
  failures: readonly StartFailure[],
  { json, level = 'fatal' }: FailureFormat,
): void {
  const output = (errors ??= standardOutput(process.stderr))
  if (json) {
    const options = {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: describeError },
    }
    const log = pino(options, { write: (line) => output.write(formatJson(line)) })
    for (const { message, note, err } of failures) log[level]({ ...note, err }, message)
    return
  }
  for (const { message, err } of failures) {
    output.write(`chihaya: ${err instanceof Error ? err.stack : message}\n`)
  }
}
