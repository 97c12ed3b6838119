import { once } from 'node:events'
import { copyFile, rename } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { Chihaya } from './chihaya-process.ts'
import { problemsOf, readText } from './read-text.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

/** A folder with `cert.pem`, its `key.pem`, and these files. */
async function folderWithCertificate(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder(files)
  await makeCertificate(folder, 'cert')
  await rename(join(folder, 'cert.key'), join(folder, 'key.pem'))
  return folder
}

async function get(
  port: number,
  path: string,
  options: RequestOptions = {},
): Promise<IncomingMessage & { body: Buffer }> {
  // The test's certificate is self-signed.
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    rejectUnauthorized: false,
    ...options,
  }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const body = Buffer.concat((await response.toArray()) as Buffer[])
  return Object.assign(response, { body })
}

const KEYS = 'tls_cert_path: cert.pem, tls_key_path: key.pem'

describe('HTTPS', () => {
  it('serves announces, alone or beside HTTP', async () => {
    const folder = await folderWithCertificate({
      'alone.yaml': `chihaya: { http: { https_addr: "127.0.0.1:0", ${KEYS} } }`,
      'beside.yaml': `chihaya: { http: { addr: "127.0.0.1:0", https_addr: "127.0.0.1:0", ${KEYS} } }`,
    })
    const alone = new Chihaya(['--config', 'alone.yaml'], { cwd: folder })
    const beside = new Chihaya(['--config', 'beside.yaml'], { cwd: folder })
    expect(decode((await get(await alone.port('HTTPS'), announcePath())).body)).toMatchObject({
      incomplete: 1,
    })
    expect(alone.stdout).not.toContain('the HTTP tracker')

    await get(await beside.port('HTTPS'), announcePath({ port: 1 }))
    const plain = await fetch(
      `http://127.0.0.1:${await beside.port('HTTP')}${announcePath({ port: 2 })}`,
    )
    expect(decode(new Uint8Array(await plain.arrayBuffer()))).toMatchObject({ incomplete: 2 })
    alone.signal('SIGTERM')
    expect(await alone.exitCode()).toBe(0)
  })

  it('speaks only HTTP/1.1, and survives clients that do not speak TLS', async () => {
    const folder = await folderWithCertificate({
      'c.yaml': `chihaya: { http: { https_addr: "127.0.0.1:0", ${KEYS} } }`,
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTPS')
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    expect(socket.alpnProtocol).toBe('http/1.1')

    const plain = connectPlain(port, '127.0.0.1')
    plain
      .end('GET / HTTP/1.0\r\n\r\n')
      .resume()
      .on('error', () => {})
    await once(plain, 'close')
    expect((await get(port, announcePath())).statusCode).toBe(200)
  })

  it.each([
    [
      'tls_cert_path: gone.pem, tls_key_path: key.pem',
      /^1:62 chihaya\.http\.tls_cert_path: cannot read gone\.pem: there is no such file/,
    ],
    [
      'tls_cert_path: cert.pem, tls_key_path: gone.pem',
      /^1:86 chihaya\.http\.tls_key_path: cannot read gone\.pem: there is no such file/,
    ],
    [
      'tls_cert_path: junk.pem, tls_key_path: key.pem',
      /^1:62 chihaya\.http\.tls_cert_path: junk\.pem holds no usable certificate/,
    ],
    [
      'tls_cert_path: cert.pem, tls_key_path: junk.pem',
      /^1:86 chihaya\.http\.tls_key_path: junk\.pem holds no usable private key/,
    ],
    [
      'tls_cert_path: cert.pem, tls_key_path: other.pem',
      /^1:86 chihaya\.http\.tls_key_path: other\.pem is not the key of the certificate in cert\.pem/,
    ],
    [
      'tls_cert_path: cert.pem',
      /^1:20 chihaya\.http\.https_addr needs tls_key_path, which is not set/,
    ],
  ])('is refused with %s', async (keys, problem) => {
    const other = await folderWithCertificate({})
    const folder = await folderWithCertificate({ 'junk.pem': 'not a certificate' })
    await copyFile(`${other}/key.pem`, `${folder}/other.pem`)
    const problems = await problemsOf(
      `chihaya: { http: { https_addr: "127.0.0.1:0", ${keys} } }`,
      folder,
    )
    expect(problems).toEqual([expect.stringMatching(problem)])
  })

  it.each([
    [
      3,
      /^chihaya\.http\.tls_cert_path: the certificate in cert\.pem expired on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    ],
    [
      -1,
      /^chihaya\.http\.tls_cert_path: the certificate in cert\.pem is not valid before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    ],
  ])('warns of a certificate for two days, %i days later, and serves it', async (days, words) => {
    const folder = await temporaryFolder({})
    await makeCertificate(folder, 'cert')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
    onTestFinished(() => void vi.useRealTimers())
    const text =
      'chihaya: { http: { https_addr: "127.0.0.1:0", tls_cert_path: cert.pem, tls_key_path: cert.key } }'
    const { http, warnings } = await readText(text, folder)
    expect(http).toHaveLength(1)
    expect(warnings.map(({ message }) => message)).toContainEqual(expect.stringMatching(words))
  })
})
