import * as fc from 'fast-check'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expandVariables, loadConfig } from '../src/config/load-config.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const UDP = 'chihaya: { udp: { addr: ":1234" } }'

describe('the effective configuration', () => {
  it('is the built-in default if there is no file', async () => {
    const config = await loadConfig({
      config: undefined,
      folder: '/',
      env: {},
      defaultPath: '/nowhere/chihaya.yaml',
    })
    expect(config).toMatchObject({
      tracker: {},
      http: [{ address: { host: '', port: 6969 } }],
      udp: [{ host: '', port: 6969 }],
    })
    expect(config.source).toBe(
      'there is no /nowhere/chihaya.yaml, so the built-in default applies: HTTP and UDP on port 6969, IPv4 and IPv6, swarms in memory',
    )
    expect(config.warnings).toEqual([])
  })

  it('is the file in /etc if there is one', async () => {
    const folder = await temporaryFolder({ 'chihaya.yaml': UDP })
    const config = await loadConfig({
      config: undefined,
      folder: '/',
      env: {},
      defaultPath: `${folder}/chihaya.yaml`,
    })
    expect(config.udp).toMatchObject([{ port: 1234 }])
    expect(config.source).toBe(`the configuration is ${folder}/chihaya.yaml`)
  })

  it('is the named file, relative to the working folder', async () => {
    const folder = await temporaryFolder({ 'my.yaml': UDP })
    expect((await loadConfig({ config: './my.yaml', folder, env: {} })).udp).toMatchObject([
      { port: 1234 },
    ])
    expect(
      (
        await loadConfig({
          config: '$HERE/${NAME}.yaml',
          folder: '/',
          env: { HERE: folder, NAME: 'my' },
        })
      ).udp,
    ).toHaveLength(1)
  })

  it('is refused if the file cannot be read', async () => {
    const folder = await temporaryFolder()
    await expect(loadConfig({ config: 'gone.yaml', folder, env: {} })).rejects.toThrow(
      'cannot read the configuration gone.yaml: there is no such file',
    )
    await expect(loadConfig({ config: '.', folder, env: {} })).rejects.toThrow(
      'cannot read the configuration .: it is a folder',
    )
  })

  it('is UTF-8, with or without a byte order mark, with any line ends', async () => {
    const folder = await temporaryFolder({
      'mark.yaml': `\ufeffchihaya:\r\n  udp:\r\n    addr: ":1234"\r\n    x: 1\r\n`,
    })
    await expect(loadConfig({ config: 'mark.yaml', folder, env: {} })).rejects.toThrow(
      /^mark\.yaml:4:5: chihaya\.udp\.x is/,
    )
    await writeFile(join(folder, 'windows.yaml'), Buffer.from(`\ufeff${UDP}`, 'utf16le'))
    await expect(loadConfig({ config: 'windows.yaml', folder, env: {} })).rejects.toThrow(
      'cannot read the configuration windows.yaml: it is not text in UTF-8',
    )
  })
})

describe('the built-in default', () => {
  const load = (env: NodeJS.ProcessEnv): ReturnType<typeof loadConfig> =>
    loadConfig({ config: undefined, folder: '/', env, defaultPath: '/nowhere/chihaya.yaml' })

  it('is changed by variables, without other warnings', async () => {
    const { http, udp, tracker, warnings, source } = await load({
      CHIHAYA_HTTP_ADDR: ':80',
      CHIHAYA_UDP_ALLOW_IP_SPOOFING: 'true',
    })
    expect(http).toMatchObject([{ address: { host: '', port: 80, key: 'chihaya.http.addr' } }])
    expect([udp.length, tracker.udp]).toEqual([1, { allowIpSpoofing: true }])
    expect(warnings.map(({ variable }) => variable)).toEqual(['CHIHAYA_UDP_ALLOW_IP_SPOOFING'])
    expect(source).toBe(
      'there is no /nowhere/chihaya.yaml, so the built-in default applies, with changes from the environment',
    )
  })

  it('takes the proxies of UDP from a variable', async () => {
    const { tracker, warnings } = await load({
      CHIHAYA_UDP_PROXY_PROTOCOL_FROM: '[10.0.0.1, "fd00::/64"]',
    })
    expect([tracker.udp, warnings]).toEqual([{ proxyProtocolFrom: ['10.0.0.1', 'fd00::/64'] }, []])
  })

  it('is unchanged without them', async () => {
    const { http, metricsAddress, warnings } = await load({ HOME: '/root' })
    expect(http).toMatchObject([{ address: { host: '', port: 6969, key: 'the built-in default' } }])
    expect(metricsAddress).toMatchObject({ host: '127.0.0.1', port: 6880, optional: true })
    expect(warnings).toEqual([])
  })

  it('is refused with unknown variables', async () => {
    await expect(load({ CHIHAYA_HTTP_ADDRESS: ':80' })).rejects.toThrow(
      'CHIHAYA_HTTP_ADDRESS: this variable is not known; did you mean',
    )
  })
})

describe('variables in a path', () => {
  it.each([
    ['$A/b', '1/b'],
    ['${A}b', '1b'],
    ['$AB', ''],
    ['a$', 'a$'],
    ['${', '${'],
    ['$A$A', '11'],
  ])('%s is %s', (text, expanded) => {
    expect(expandVariables(text, { A: '1' })).toBe(expanded)
  })

  it('leave other text unchanged', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 16_384 }),
        (text) => expandVariables(text.replaceAll('$', ''), {}) === text.replaceAll('$', ''),
      ),
    )
  })
})
