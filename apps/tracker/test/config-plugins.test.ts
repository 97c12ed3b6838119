import { describe, expect, it } from 'vitest'
import { problemsOf, readText } from './read-text.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const WITH_SCHEMA = `
export const optionsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['infoHashes'],
  properties: {
    infoHashes: { type: 'array', items: { type: 'string', minLength: 40, maxLength: 40 } },
    updateInterval: { type: ['string', 'number'], pattern: '^\\\\d+s$', examples: ['5s'], default: '5s' },
    modifyProbability: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
  },
}
export default async () => {}
`
const WITHOUT_SCHEMA = 'export default async () => {}'

function file(...lines: string[]): string {
  return `chihaya:\n  udp: { addr: ":1" }\n  prehooks:\n  - name: ./hook.mjs\n${lines.map((line) => `    ${line}\n`).join('')}`
}

async function optionsOf(hook: string, ...lines: string[]): Promise<object | undefined> {
  const folder = await temporaryFolder({ 'hook.mjs': hook })
  return (await readText(file(...lines), folder)).tracker.prehooks?.[0]?.options
}

async function problemsWith(hook: string, ...lines: string[]): Promise<string[]> {
  return problemsOf(file(...lines), await temporaryFolder({ 'hook.mjs': hook }))
}

describe('a hook of a configuration file', () => {
  it('gets its options in camel case if it exports a schema', async () => {
    const hash = '1234567890123456789012345678901234567890'
    const options = await optionsOf(
      WITH_SCHEMA,
      'options:',
      `  info_hashes: [${hash}]`,
      '  modify_probability: 0.5',
    )
    expect(options).toEqual({ infoHashes: [hash], modifyProbability: 0.5 })
  })

  it('gets its options as written if it exports no schema', async () => {
    expect(
      await optionsOf(WITHOUT_SCHEMA, 'options: { some_key: 1, inner: [{ a_b: yes }] }'),
    ).toEqual({
      some_key: 1,
      inner: [{ a_b: 'yes' }],
    })
  })

  it('may have config instead of options, or neither', async () => {
    expect(await optionsOf(WITHOUT_SCHEMA, 'config: { a: 1 }')).toEqual({ a: 1 })
    expect(await optionsOf(WITHOUT_SCHEMA)).toEqual({})
    expect(await optionsOf(WITHOUT_SCHEMA, 'options:')).toEqual({})
  })

  it.each([
    [
      ['options: { info_hashs: [] }'],
      '5:16 chihaya.prehooks[0].options.info_hashs is not a known key; did you mean info_hashes?',
    ],
    [['options: {}'], '5:5 chihaya.prehooks[0].options.info_hashes is missing'],
    [[], '4:5 chihaya.prehooks[0].options.info_hashes is missing'],
    [
      ['options:', '  info_hashes: [abc]'],
      '6:21 chihaya.prehooks[0].options.info_hashes[0] must be text of 40 characters, not "abc"',
    ],
    [
      ['config:', '  info_hashes: []', '  modify_probability: 0'],
      '7:27 chihaya.prehooks[0].config.modify_probability must be a number above 0 and of at most 1, not 0',
    ],
    [
      ['options:', '  info_hashes: []', '  update_interval: often'],
      '7:24 chihaya.prehooks[0].options.update_interval must be text such as 5s or a number, not "often"',
    ],
    [['options: []'], '5:14 chihaya.prehooks[0].options must be a section of keys, not a list'],
    [
      ['options: { info_hashes: [] }', 'config: { info_hashes: [] }'],
      '6:5 chihaya.prehooks[0] has both options and config',
    ],
    [['optoins: {}'], '5:5 chihaya.prehooks[0].optoins is not a known key; did you mean options?'],
  ])('is refused with %j', async (lines, problem) => {
    expect(await problemsWith(WITH_SCHEMA, ...lines)).toContain(problem)
  })

  it('is refused if it is not a plugin', async () => {
    expect(await problemsWith('export const x = 1')).toEqual([
      '4:11 chihaya.prehooks[0].name: "./hook.mjs" has no Fastify plugin as its default export',
    ])
  })

  it('is refused if its schema is not a JSON Schema', async () => {
    const hook = `export const optionsSchema = { properties: { a: { type: 'nonsense' } } }\n${WITHOUT_SCHEMA}`
    expect(await problemsWith(hook, 'options: { a: 1 }')).toEqual([
      expect.stringMatching(
        /^4:11 chihaya\.prehooks\[0\]\.name: the optionsSchema of \.\/hook\.mjs is not a JSON Schema: /,
      ),
    ])
  })

  it('may read a required secret from a file', async () => {
    const secret = `{ type: 'string', minLength: 1, writeOnly: true }`
    const hook = `export const optionsSchema = { type: 'object', required: ['password'], properties: { password: ${secret} } }\n${WITHOUT_SCHEMA}`
    const folder = await temporaryFolder({ 'hook.mjs': hook, secret: 'hush\n' })
    const options = async (line: string): Promise<object | undefined> =>
      (await readText(file(`options: { ${line} }`), folder)).tracker.prehooks?.[0]?.options
    expect(await options('password: hush')).toEqual({ password: 'hush' })
    expect(await options('password_file: secret')).toEqual({ password: 'hush' })
    await expect(options('')).rejects.toThrow(
      'chihaya.yaml:5:5: chihaya.prehooks[0].options.password is missing',
    )
  })

  it('may have a list of secrets, none of which is shown', async () => {
    const hook = `export const optionsSchema = { type: 'object', properties: { keys: { type: 'array', writeOnly: true, items: { type: 'string', minLength: 40 } } } }\n${WITHOUT_SCHEMA}`
    expect(await problemsWith(hook, 'options: { keys: [hush] }')).toEqual([
      '5:23 chihaya.prehooks[0].options.keys[0] must be text of at least 40 characters, not what is there',
    ])
  })

  it('may have merge keys at any depth', async () => {
    expect(
      await optionsOf(
        WITHOUT_SCHEMA,
        'options:',
        '  common: &common { a: 1, b: 2 }',
        '  own: { inner: { <<: *common, b: 3 } }',
      ),
    ).toEqual({ common: { a: 1, b: 2 }, own: { inner: { a: 1, b: 3 } } })
  })

  it('may be a store', async () => {
    const folder = await temporaryFolder({ 'store.mjs': WITHOUT_SCHEMA })
    const text =
      'chihaya:\n  udp: { addr: ":1" }\n  storage: { name: ./store.mjs, config: { size: 3 } }\n'
    expect((await readText(text, folder)).tracker.storage).toMatchObject({
      options: { size: 3 },
      plugin: expect.any(Function),
    })
  })
})

describe('a package', () => {
  const packageFile = (exports: unknown): string =>
    JSON.stringify({ name: 'some-hook', version: '1.0.0', type: 'module', exports })

  it.each([
    [{ '.': { import: './index.js' } }],
    [{ import: './index.js' }],
    ['./index.js'],
    [{ '.': { import: { types: './index.d.ts', default: './index.js' } } }],
    [{ '.': { require: './index.js', default: './gone.js' } }],
  ])('is found from the folder of the file with exports %j', async (exports) => {
    const folder = await temporaryFolder()
    const { mkdir, writeFile } = await import('node:fs/promises')
    const root = `${folder}/node_modules/some-hook`
    await mkdir(root, { recursive: true })
    await writeFile(`${root}/package.json`, packageFile(exports))
    await writeFile(`${root}/index.js`, WITHOUT_SCHEMA)
    const text = 'chihaya:\n  udp: { addr: ":1" }\n  posthooks: [{ name: some-hook }]\n'
    expect((await readText(text, folder)).tracker.posthooks).toMatchObject([
      { plugin: expect.any(Function) },
    ])
  })
})
