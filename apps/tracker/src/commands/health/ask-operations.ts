import type { GoAddress } from '@chihaya/listeners'
import { localHost } from './local-host.ts'
import { escapeText } from '../../log/format.ts'

/**
 * What `/healthz` or `/readyz` of the operations server complains of; undefined when it says that
 * all is well.
 */
export async function askOperations(
  { host, port }: GoAddress,
  path: string,
  timeout: number,
): Promise<string | undefined> {
  const name = localHost(host)
  try {
    const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}${path}`
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'manual' })
    const body = await response.text()
    return response.ok
      ? undefined
      : `HTTP status ${response.status}: ${escapeText(body.slice(0, 500))}`
  } catch (error) {
    return reasonOf(error as Error, timeout)
  }
}

function reasonOf({ name, message, cause }: Error, timeout: number): string {
  if (name === 'TimeoutError') return `no answer within ${timeout / 1000} s`
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}
