import { describe, expect, it } from 'vitest'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const FINE = 'chihaya:\n  udp:\n    addr: ":1"\n'
const WRONG = `chihaya:
  http:
    addr: ":1"
    max_numwnat: 5
    https_addr: ":2"
    tls_cert_path: cert.pem
    tls_key_path: key.pem
  prehooks:
  - name: ./hook.mjs
`

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function run(
  args: readonly string[],
  files: Record<string, string>,
  env: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const chihaya = new Chihaya(args, { cwd: await temporaryFolder(files), env })
  return { code: await chihaya.exitCode(), stdout: chihaya.stdout, stderr: chihaya.stderr }
}

describe('chihaya check', () => {
  it('reports that a file is valid, with warnings', async () => {
    const { code, stdout, stderr } = await run(['check', 'c.yaml'], { 'c.yaml': FINE })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')).toEqual([
      'c.yaml:1:1: warning: chihaya leaves these to their defaults: announce_interval 30m, min_announce_interval 15m',
      expect.stringMatching(/^c\.yaml:2:3: warning: chihaya\.udp leaves these to their defaults: /),
      expect.stringMatching(/^c\.yaml:2:3: warning: chihaya\.udp\.private_key: not set/),
      'c.yaml is valid: 3 warnings',
      '',
    ])
  })

  it('distinguishes remarks about misplaced keys from warnings', async () => {
    const file = `${FINE}  storage:\n    name: memory\n    gc_interval: 4m\n    shard_count: 4\n`
    const { code, stdout } = await run(['check', 'c.yaml'], { 'c.yaml': file })
    expect(code).toBe(0)
    expect(stdout).toContain(
      'c.yaml:6:5: info: chihaya.storage.gc_interval: write it in config, beside name\n',
    )
    expect(stdout).toContain(
      'c.yaml:7:5: warning: chihaya.storage.shard_count: this has no effect; leave it out\n',
    )
    expect(stdout.match(/: warning: /g)).toHaveLength(
      Number(/is valid: (\d+) warnings\n$/.exec(stdout)?.[1]),
    )
  })

  it('reports all errors, including those of plugins and certificates', async () => {
    const { code, stdout } = await run(
      ['check', '--config', 'c.yaml'],
      { 'c.yaml': WRONG, 'cert.pem': 'x' },
      { CHIHAYA_HTP: '1' },
    )
    expect(code).toBe(1)
    expect(stdout.split('\n').filter((line) => !line.includes('warning'))).toEqual([
      'c.yaml:4:5: error: chihaya.http.max_numwnat is not a known key; did you mean max_numwant?',
      expect.stringMatching(
        /^c\.yaml:7:19: error: chihaya\.http\.tls_key_path: cannot read key\.pem: there is no such file/,
      ),
      expect.stringMatching(
        /^c\.yaml:9:11: error: chihaya\.prehooks\[0\]\.name: there is no file \.\/hook\.mjs in \//,
      ),
      expect.stringMatching(/^CHIHAYA_HTP: error: this variable is not known; /),
      '',
    ])
    expect(stdout).toMatch(/c\.yaml is not valid: 4 errors, \d warnings\n$/)
  })

  it('prints JSON', async () => {
    const { code, stdout } = await run(['check', 'c.yaml', '--json'], { 'c.yaml': WRONG })
    expect(code).toBe(1)
    const report = JSON.parse(stdout) as { errors: object[] }
    expect(report).toMatchObject({ valid: false, config: 'c.yaml', warnings: expect.any(Array) })
    expect(report.errors[0]).toEqual({
      file: 'c.yaml',
      line: 4,
      column: 5,
      key: 'chihaya.http.max_numwnat',
      message: 'chihaya.http.max_numwnat is not a known key; did you mean max_numwant?',
    })
    const fine = await run(['check', 'c.yaml', '--json'], { 'c.yaml': FINE })
    expect(JSON.parse(fine.stdout)).toMatchObject({ valid: true, errors: [] })
  })

  it.each([
    [
      ['check', 'none.yaml'],
      /^error: cannot read the configuration none\.yaml: there is no such file\nnone\.yaml is not valid: 1 error\n$/,
    ],
    [
      ['check', 'syntax.yaml'],
      /^syntax\.yaml:2:1: error: .*\nsyntax\.yaml is not valid: 1 error\n$/,
    ],
  ])('%j fails', async (args, output) => {
    const { code, stdout } = await run(args, { 'syntax.yaml': 'chihaya: [\n' })
    expect([code, stdout]).toEqual([1, expect.stringMatching(output)])
  })

  it('refuses two files', async () => {
    const { code, stderr } = await run(['check', 'a', 'b'], {})
    expect([code, stderr]).toEqual([
      2,
      'chihaya: "b" is too much: check takes one file\nTry chihaya --help.\n',
    ])
  })
})
