import type { ListenAddress } from './addresses.ts'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { unreadable } from './read-text.ts'
import type { ConfigReader, Located } from './reader.ts'

/** A certificate chain and its private key, in PEM. */
export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
}

interface TlsKeys {
  readonly httpsAddresses: readonly ListenAddress[] | undefined
  readonly tlsCertPath: string | undefined
  readonly tlsKeyPath: string | undefined
  /** What relative paths start from. */
  readonly folder: string
}

const PATH = 'chihaya.http'

/**
 * Reads and checks the certificate that `https_addr` needs; undefined when there is none, or after
 * a problem.
 */
export function readTls(reader: ConfigReader, place: Located, keys: TlsKeys): TlsFiles | undefined {
  const entries = reader.entries(place, PATH)
  const at = (name: string): Located => entries.get(name) ?? place
  const { httpsAddresses, tlsCertPath, tlsKeyPath, folder } = keys
  if (httpsAddresses === undefined) return undefined
  for (const [name, value] of [
    ['tls_cert_path', tlsCertPath],
    ['tls_key_path', tlsKeyPath],
  ] as const) {
    if (value === undefined)
      reader.problem(
        at('https_addr').key,
        `${PATH}.${name}`,
        `${PATH}.https_addr needs ${name}, which is not set`,
      )
  }
  if (tlsCertPath === undefined || tlsKeyPath === undefined) return undefined

  const problem = (name: string, text: string): undefined => {
    const { key, value } = at(name)
    reader.problem(value ?? key, `${PATH}.${name}`, `${PATH}.${name}: ${text}`)
  }
  const cert = read(tlsCertPath, folder)
  const key = read(tlsKeyPath, folder)
  if (cert instanceof Error)
    problem('tls_cert_path', `cannot read ${tlsCertPath}: ${unreadable(cert)}`)
  if (key instanceof Error) problem('tls_key_path', `cannot read ${tlsKeyPath}: ${unreadable(key)}`)
  if (cert instanceof Error || key instanceof Error) return undefined

  const badCert = tlsProblem({ cert })
  const badKey = tlsProblem({ key })
  if (badCert !== undefined)
    problem('tls_cert_path', `${tlsCertPath} holds no certificate that can be used: ${badCert}`)
  if (badKey !== undefined)
    problem('tls_key_path', `${tlsKeyPath} holds no private key that can be used: ${badKey}`)
  if (badCert !== undefined || badKey !== undefined) return undefined
  const mismatch = tlsProblem({ cert, key })
  if (mismatch === undefined) {
    const dates = datesProblem(cert)
    if (dates !== undefined) {
      const { key: name, value } = at('tls_cert_path')
      reader.warning(
        value ?? name,
        `${PATH}.tls_cert_path`,
        `${PATH}.tls_cert_path: the certificate in ${tlsCertPath} ${dates}`,
      )
    }
    return { cert, key }
  }
  return problem(
    'tls_key_path',
    `${tlsKeyPath} is not the key of the certificate in ${tlsCertPath}: ${mismatch}`,
  )
}

function read(path: string, folder: string): Buffer | Error {
  try {
    return readFileSync(resolve(folder, path))
  } catch (error) {
    return error as Error
  }
}

function tlsProblem(files: Partial<TlsFiles>): string | undefined {
  try {
    createSecureContext(files)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** What is wrong with a certificate that clients will not take any more, or not yet. */
function datesProblem(cert: Buffer): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert)
  const now = Date.now()
  if (Date.parse(validTo) < now) return `expired on ${dateOf(validTo)}`
  if (Date.parse(validFrom) > now) return `is not valid before ${dateOf(validFrom)}`
}

/** `2026-05-01T12:00:00Z`. */
function dateOf(text: string): string {
  return new Date(text).toISOString().replace('.000', '')
}
