import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { problemsOf, readText } from './read-text.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

async function announceOver(
  socketPath: string,
  query: object,
  headers = {},
): Promise<Record<string, unknown>> {
  const sent = request({ socketPath, path: announcePath({ ...query }), headers }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return decode(Buffer.concat((await response.toArray()) as Buffer[]))
}

/** A stale socket file, as a killed process leaves behind. */
async function leaveSocket(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const { spawn } = await import('node:child_process')
  await once(spawn(process.execPath, ['-e', code]), 'close')
}

describe('a Unix socket', () => {
  it('serves the clients that a proxy names', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'http.sock')
    await leaveSocket(path)
    await writeFile(
      join(folder, 'c.yaml'),
      `chihaya: { http: { addr: ["unix:${path}", "127.0.0.1:0"], unix_mode: 0600, real_ip_header: x-real-ip } }`,
    )
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    await chihaya.line(/the HTTP tracker listens \{"path":"\/.*http\.sock"\}/)
    await chihaya.port('HTTP')
    await announceOver(path, { port: 1000, left: 0 }, { 'x-real-ip': '198.51.100.1' })
    const seen = await announceOver(
      path,
      { port: 2000, compact: 0 },
      { 'x-real-ip': '203.0.113.9' },
    )
    expect(seen).toMatchObject({ complete: 1, incomplete: 1 })
    expect(await announceOver(path, { port: 3000 })).toEqual({
      'failure reason': 'failed to parse peer IP address',
    })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    chihaya.signal('SIGUSR1')
    await chihaya.line(/the configuration is reloaded/)
    expect(await announceOver(path, { port: 4000 }, { 'x-real-ip': '203.0.113.10' })).toMatchObject(
      { incomplete: 2 },
    )
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })
})

describe('unix: in a configuration', () => {
  it('is an address of HTTP, with a header that names the client', async () => {
    const { http } = await readText(
      'chihaya: { http: { addr: "unix:/run/a.sock", unix_mode: "0666", real_ip_header: x-real-ip } }',
    )
    expect(http).toEqual([
      { address: { path: '/run/a.sock', key: 'chihaya.http.addr' }, unixMode: 0o666 },
    ])
  })

  it('needs no such header with the PROXY protocol', async () => {
    const addr = '["unix:/run/a.sock", "127.0.0.1:1"]'
    const of = async (list: string): Promise<unknown[]> => {
      const { http } = await readText(
        `chihaya: { http: { addr: ${addr}, proxy_protocol_from: ${list}, real_ip_header: a } }`,
      )
      return http.map(({ proxyProtocolFrom }) => proxyProtocolFrom)
    }
    expect(await of('["unix:", 10.0.0.0/8]')).toEqual([[], ['10.0.0.0/8']])
    expect(await of('["unix:"]')).toEqual([[], undefined])
    expect(await of('[10.0.0.0/8]')).toEqual([undefined, ['10.0.0.0/8']])
    const { http } = await readText(
      'chihaya: { http: { addr: "unix:/run/a.sock", proxy_protocol_from: ["unix:"] } }',
    )
    expect(http).toHaveLength(1)
  })

  it.each([
    [
      'http: { addr: "unix:/run/a.sock", proxy_protocol_from: [10.0.0.1] }',
      /it needs real_ip_header, or 'unix:' in proxy_protocol_from/,
    ],
    [
      'http: { addr: ":1", proxy_protocol_from: ["unix:/run/a.sock"] }',
      /proxy_protocol_from\[0\] must be an address or a range, such as/,
    ],
    [
      'http: { addr: "unix:/run/a.sock" }',
      /chihaya\.http\.addr is a Unix socket, over which clients have no address: it needs real_ip_header, or 'unix:' in proxy_protocol_from/,
    ],
    [
      'http: { addr: "unix:run/a.sock", real_ip_header: x-real-ip }',
      /must be unix: and an absolute path of at most 103 bytes/,
    ],
    [
      `http: { addr: "unix:/${'a'.repeat(103)}", real_ip_header: x-real-ip }`,
      /must be unix: and an absolute path of at most 103 bytes/,
    ],
    ['udp: { addr: "unix:/run/a.sock" }', /must be host:port/],
    [
      'http: { addr: "unix:/run/a.sock", unix_mode: "rw", real_ip_header: x-real-ip }',
      /chihaya\.http\.unix_mode must be/,
    ],
  ])('is refused in %s', async (section, problem) => {
    expect(await problemsOf(`chihaya: { ${section} }`)).toEqual([expect.stringMatching(problem)])
  })
})
