import { chmod, mkdir } from 'node:fs/promises'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

// Root reads every file; without these rights it does not.
const UNPRIVILEGED =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'] : []

/** The line in which the tracker reports why it does not start with this file. */
async function refusal(folder: string, file: string, via: readonly string[] = []): Promise<string> {
  const chihaya = new Chihaya(['--config', file], { cwd: folder, via })
  expect(await chihaya.exitCode()).toBe(1)
  expect(chihaya.stdout).not.toContain('tracker listens')
  expect(chihaya.stderr.split('\n')).toHaveLength(2)
  return chihaya.stderr.trimEnd()
}

describe('chihaya reports in one line why it cannot start', () => {
  it('when it may not read its configuration', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { udp: { addr: "127.0.0.1:0" } }' })
    await chmod(join(folder, 'c.yaml'), 0o000)
    expect(await refusal(folder, 'c.yaml', UNPRIVILEGED)).toMatch(
      /^chihaya: cannot read the configuration c\.yaml: this user may not read it/,
    )
  })

  it('when its configuration is a folder', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'c.yaml'))
    expect(await refusal(folder, 'c.yaml')).toMatch(
      /^chihaya: cannot read the configuration c\.yaml: it is a folder/,
    )
  })

  it('when the certificate is missing', async () => {
    const https = 'https_addr: "127.0.0.1:0", tls_cert_path: gone.pem, tls_key_path: gone.key'
    const folder = await temporaryFolder({ 'c.yaml': `chihaya: { http: { ${https} } }` })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    expect(await chihaya.exitCode()).toBe(1)
    const lines = chihaya.stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(
      /^chihaya: c\.yaml:1:\d+: chihaya\.http\.tls_cert_path: cannot read gone\.pem: there is no such file/,
    )
    expect(lines[1]).toMatch(
      /^chihaya: c\.yaml:1:\d+: chihaya\.http\.tls_key_path: cannot read gone\.key: there is no such file/,
    )
  })

  it('when another program uses its UDP port', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const address = `127.0.0.1:${taken.address().port}`
    const folder = await temporaryFolder({ 'c.yaml': `chihaya: { udp: { addr: "${address}" } }` })
    expect(await refusal(folder, 'c.yaml')).toBe(
      `chihaya: chihaya.udp.addr: cannot listen on udp ${address}: the port is in use`,
    )
  })

  it('when it may not bind a port below 1024', async () => {
    const folder = await temporaryFolder({
      'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:80" } }',
    })
    const root = process.getuid?.() === 0
    const via = root
      ? ['unshare', '--net', 'setpriv', '--bounding-set=-net_bind_service', '--']
      : []
    expect(await refusal(folder, 'c.yaml', via)).toMatch(
      /127\.0\.0\.1:80: ports below 1024 are reserved for root/,
    )
  })
})
