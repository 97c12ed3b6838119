import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trackerClient } from '@chihaya/client'
import { ANNOUNCE } from '@internal/test-tracker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { examplePath } from './example.ts'
import { Program } from './program.ts'

const PASSKEY = '0123456789abcdef0123456789abcdef'
const CHIHAYA = examplePath('../apps/tracker/src/main.ts')
const EXAMPLES = ['tracker-middleware-passkey', 'tracker-middleware-webhook', 'tracker-storage-map']

/**
 * Starts the command with this configuration, in a folder that has the examples beside it or as
 * packages.
 */
async function chihayaWith(text: string, where: '.' | 'node_modules'): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, where), { recursive: true })
  for (const name of EXAMPLES) await symlink(examplePath(name), join(folder, where, name))
  await writeFile(join(folder, 'chihaya.yaml'), text)
  // Names are resolved from the folder of the file, not from the working folder.
  return new Program([CHIHAYA, '--config', join(folder, 'chihaya.yaml'), '--json'], {
    cwd: tmpdir(),
  })
}

async function announce(url: string): Promise<number | undefined> {
  const client = trackerClient(url)
  onTestFinished(() => client.close())
  return (await client.announce(ANNOUNCE)).incomplete
}

async function expectPasskeys(chihaya: Program): Promise<void> {
  const udp = `udp://127.0.0.1:${await chihaya.find(/"port":(\d+)[^\n]*the UDP tracker listens/)}`
  const http = `http://127.0.0.1:${await chihaya.find(/"port":(\d+)[^\n]*the HTTP tracker listens/)}`
  for (const origin of [http, udp]) {
    expect(await announce(`${origin}/${PASSKEY}/announce`)).toBe(1)
    await expect(announce(`${origin}/announce`)).rejects.toThrow('unknown passkey')
  }
  expect(chihaya.output).not.toContain(PASSKEY)
}

const served = `chihaya:
  http: { addr: "127.0.0.1:0", announce_routes: ["/announce", "/:passkey/announce"] }
  udp: { addr: "127.0.0.1:0", private_key: abc }
`

describe('a third-party hook in a configuration file', () => {
  test.each([
    ['its path', './tracker-middleware-passkey/index.js', '.'],
    ['its package name', 'tracker-middleware-passkey', 'node_modules'],
  ] as const)('is found by %s', async (_how, name, where) => {
    const hook = `  prehooks: [{ name: ${name}, options: { passkeys: ["${PASSKEY}"] } }]\n`
    await expectPasskeys(await chihayaWith(`${served}${hook}`, where))
  })

  test.each([
    [
      '{ pass_keys: [] }',
      'chihaya.yaml:6:16: chihaya.prehooks[0].options.pass_keys is not a known key; did you mean passkeys?',
    ],
    ['{}', 'chihaya.yaml:6:5: chihaya.prehooks[0].options.passkeys is missing'],
    [
      '{ passkeys: [hush] }',
      'chihaya.yaml:6:27: chihaya.prehooks[0].options.passkeys[0] must be text such as 32 hex digits, not what is there',
    ],
  ])('has its options checked against its schema: %s', async (options, problem) => {
    const text = `${served}  prehooks:\n  - name: tracker-middleware-passkey\n    options: ${options}\n`
    const chihaya = await chihayaWith(text, 'node_modules')
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.output).toContain(problem)
    expect(chihaya.output).not.toContain('hush')
  })
})

test('the configuration of the examples works', async () => {
  const text = await readFile(examplePath('chihaya.yaml'), 'utf8')
  expect(text.match(/':6969'/g)).toHaveLength(2)
  await expectPasskeys(await chihayaWith(text.replaceAll("':6969'", "'127.0.0.1:0'"), '.'))
})
