import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const EC = [
  '-x509',
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:prime256v1',
  '-nodes',
  '-subj',
  '/CN=localhost',
  '-days',
  '2',
]

/** Creates `NAME.pem` and `NAME.key` in a folder: a certificate that is valid for two days. */
export async function makeCertificate(folder: string, name: string): Promise<void> {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`]
  await promisify(execFile)('openssl', ['req', ...EC, ...files], { cwd: folder })
}
