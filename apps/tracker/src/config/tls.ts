import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { nameOf, type Path } from './problems.ts'
import type { Source } from './source.ts'
import { unreadable } from './text-file.ts'

/** A certificate chain and its private key, in PEM. */
export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
}

interface TlsPaths {
  readonly tlsCertPath: string | undefined
  readonly tlsKeyPath: string | undefined
  /** Where relative paths start. */
  readonly folder: string
}

const HTTP: Path = ['chihaya', 'http']
const CERT: Path = [...HTTP, 'tls_cert_path']
const KEY: Path = [...HTTP, 'tls_key_path']

/** Reads and checks the certificate that `https_addr` needs; undefined after a problem. */
export function readTls(
  source: Source,
  { tlsCertPath, tlsKeyPath, folder }: TlsPaths,
): TlsFiles | undefined {
  const address = [...HTTP, 'https_addr']
  for (const [path, value] of [[CERT, tlsCertPath] as const, [KEY, tlsKeyPath] as const]) {
    const text = `${nameOf(address)} needs ${path.at(-1)}, which is not set`
    if (value === undefined) source.findings.problem(source.keyPlace(address), path, text)
  }
  if (tlsCertPath === undefined || tlsKeyPath === undefined) return undefined

  const problem = (path: Path, text: string): undefined =>
    source.refuse(path, `: ${text}`) as undefined
  const cert = read(tlsCertPath, folder)
  const key = read(tlsKeyPath, folder)
  if (cert instanceof Error) problem(CERT, `cannot read ${tlsCertPath}: ${unreadable(cert)}`)
  if (key instanceof Error) problem(KEY, `cannot read ${tlsKeyPath}: ${unreadable(key)}`)
  if (cert instanceof Error || key instanceof Error) return undefined

  const badCert = tlsProblem({ cert })
  const badKey = tlsProblem({ key })
  if (badCert !== undefined) problem(CERT, `${tlsCertPath} holds no usable certificate: ${badCert}`)
  if (badKey !== undefined) problem(KEY, `${tlsKeyPath} holds no usable private key: ${badKey}`)
  if (badCert !== undefined || badKey !== undefined) return undefined
  const mismatch = tlsProblem({ cert, key })
  if (mismatch !== undefined)
    return problem(
      KEY,
      `${tlsKeyPath} is not the key of the certificate in ${tlsCertPath}: ${mismatch}`,
    )
  const dates = datesProblem(cert)
  if (dates !== undefined)
    source.warn(CERT, `: the certificate in ${tlsCertPath} ${dates}`, 'value')
  return { cert, key }
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

/** Why clients will refuse a certificate now: it has expired, or is not valid yet. */
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
