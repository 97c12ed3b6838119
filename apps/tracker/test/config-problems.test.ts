import * as fc from 'fast-check'
import { readConfig } from '../src/config/load-config.ts'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../src/config/problems.ts'
import { inSection, problemsOf, readText } from './read-text.ts'

const ADDRESS =
  'host:port, such as :6969 or 192.0.2.1:6969 or [2001:db8::1]:6969, or a list of these'
const DURATION = 'a duration such as 30m, 1h30m or 500ms'
const ROUTE = 'a path such as /announce, /:passkey/announce or /announce/*rest'
const NETWORK = 'an address or a range, such as 192.0.2.1 or 10.0.0.0/8'

describe('an invalid configuration', () => {
  it.each([
    [
      'max_numwnat: 5',
      '4:5 chihaya.http.max_numwnat is not a known key; did you mean max_numwant?',
    ],
    ['maxNumwant: 5', '4:5 chihaya.http.maxNumwant is not a known key; did you mean max_numwant?'],
    [
      'max_numwant: many',
      '4:18 chihaya.http.max_numwant must be a whole number of at least 0, not "many"',
    ],
    [
      'max_numwant: -1',
      '4:18 chihaya.http.max_numwant must be a whole number of at least 0, not -1',
    ],
    [
      'max_numwant: 1.5',
      '4:18 chihaya.http.max_numwant must be a whole number of at least 0, not 1.5',
    ],
    [
      'max_numwant: [1]',
      '4:18 chihaya.http.max_numwant must be a whole number of at least 0, not a list',
    ],
    [
      'read_timeout: 5 seconds',
      `4:19 chihaya.http.read_timeout must be ${DURATION}, not "5 seconds"`,
    ],
    ['read_timeout: -5s', `4:19 chihaya.http.read_timeout must be ${DURATION}, not "-5s"`],
    ['enable_keepalive: 1', '4:23 chihaya.http.enable_keepalive must be true or false, not 1'],
    [
      'enable_keepalive: "yes"',
      '4:23 chihaya.http.enable_keepalive must be true or false, not "yes"',
    ],
    ['addr: 6969', `4:11 chihaya.http.addr must be ${ADDRESS}, not 6969`],
    ['addr: "127.0.0.1"', `4:11 chihaya.http.addr must be ${ADDRESS}, not "127.0.0.1"`],
    ['addr: [":1", ":x"]', `4:18 chihaya.http.addr[1] must be ${ADDRESS}, not ":x"`],
    ['addr: { port: 1 }', `4:11 chihaya.http.addr must be ${ADDRESS}, not a section of keys`],
    [
      'announce_routes: /announce',
      `4:22 chihaya.http.announce_routes must be a list that is not empty, each ${ROUTE}, not "/announce"`,
    ],
    [
      'announce_routes: []',
      `4:22 chihaya.http.announce_routes must be a list that is not empty, each ${ROUTE}`,
    ],
    [
      'announce_routes: [/a, announce]',
      `4:27 chihaya.http.announce_routes[1] must be ${ROUTE}, not "announce"`,
    ],
    [
      'real_ip_header: "x real"',
      '4:21 chihaya.http.real_ip_header must be the name of a header, such as x-forwarded-for, not "x real"',
    ],
    [
      'proxy_protocol_from: [10.0.0.1, "unix:", proxy]',
      '4:46 chihaya.http.proxy_protocol_from[2] must be an address or a range, such as 192.0.2.1 or 10.0.0.0/8 or unix:, not "proxy"',
    ],
    [
      'trusted_proxies: ["::ffff:10.0.0.0/8"]',
      `4:23 chihaya.http.trusted_proxies[0] must be ${NETWORK}, not "::ffff:10.0.0.0/8"`,
    ],
    [
      'trusted_proxies: [10.0.0.0/33]',
      `4:23 chihaya.http.trusted_proxies[0] must be ${NETWORK}, not "10.0.0.0/33"`,
    ],
    [
      'allow_ip_spoofing: [localhost]',
      `4:25 chihaya.http.allow_ip_spoofing[0] must be ${NETWORK}, not "localhost"`,
    ],
    [
      'allow_ip_spoofing: sometimes',
      '4:24 chihaya.http.allow_ip_spoofing must be true, false or a list of networks, not "sometimes"',
    ],
    ['https_addr: ":443"', '4:5 chihaya.http.https_addr needs tls_cert_path, which is not set'],
  ])('http: %s', async (line, problem) => {
    expect(await problemsOf(inSection('http', line))).toContain(problem)
  })

  it.each([
    [
      'private_key: { hush: x }',
      '4:18 chihaya.udp.private_key must be text or a list that is not empty, each text that is not empty, not what is there',
    ],
    ['listen: [{ host: "::", port: 1 }]', /^4:5 chihaya.udp.listen is not a known key; /],
    [
      'drop_source_ports: [0, 70000]',
      '4:28 chihaya.udp.drop_source_ports[1] must be a whole number from 0 to 65535, not 70000',
    ],
    [
      'proxy_protocol_from: [10.0.0.1, proxy]',
      `4:37 chihaya.udp.proxy_protocol_from[1] must be ${NETWORK}, not "proxy"`,
    ],
    ['proxy_protocol_from: true', /^4:26 chihaya.udp.proxy_protocol_from must be a list/],
    [
      'max_reply_size: 10',
      '4:21 chihaya.udp.max_reply_size must be a whole number from 128 to 65507, not 10',
    ],
  ])('udp: %s', async (line, problem) => {
    const problems = await problemsOf(inSection('udp', line, 'addr: ":6969"'))
    expect(problems).toEqual([
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    ])
  })

  it.each([
    [
      'storage:\n    name: memroy',
      '5:11 chihaya.storage.name: the package memroy is not installed; did you mean "memory"?',
    ],
    [
      'storage:\n    options: {}',
      '5:5 chihaya.storage.options is not a known key; the keys of chihaya.storage are name, config',
    ],
    [
      'storage:\n    config:\n      familes: x',
      '6:7 chihaya.storage.config.familes is not a known key; did you mean families?',
    ],
    [
      'storage:\n    config:\n      families: x',
      '6:17 chihaya.storage.config.families must be one of separate, unified, not "x"',
    ],
    [
      'storage:\n    config:\n      preferred_subnet: { ipv4: 33 }',
      '6:33 chihaya.storage.config.preferred_subnet.ipv4 must be a whole number from 1 to 32, not 33',
    ],
    ['http: :6969', '4:9 chihaya.http must be a section of keys, not ":6969"'],
    ['announce_interval: 500ms', '4:22 chihaya.announce_interval must be at least 1s, not "500ms"'],
    [
      'announce_interval: 1800',
      '4:22 chihaya.announce_interval must be at least 1s, not 1800 nanoseconds',
    ],
    [
      'anounce_interval: 30m',
      '4:3 chihaya.anounce_interval is not a known key; did you mean announce_interval?',
    ],
    [
      'prehooks: jwt',
      '4:13 chihaya.prehooks must be a list of hooks, each with a name and options, not "jwt"',
    ],
    ['prehooks: [jwt]', '4:14 chihaya.prehooks[0] must be a section of keys, not "jwt"'],
    [
      'prehooks:\n  - options: {}',
      '5:5 chihaya.prehooks[0].name must be the name of a hook, not nothing',
    ],
    [
      'posthooks:\n  - name: interval variation\n    config: {}',
      '6:5 chihaya.posthooks[0].config.max_increase_delta is missing',
    ],
    [
      'prehooks:\n  - name: ./no.js',
      '5:11 chihaya.prehooks[0].name: there is no file ./no.js in /nowhere',
    ],
    [
      'prehooks:\n  - name: nosuchhook',
      /5:11 chihaya.prehooks\[0\].name: the package nosuchhook is not installed; looked from /,
    ],
  ])('%s', async (lines, problem) => {
    const problems = await problemsOf(`chihaya:\n  # 2\n  udp: { addr: ":1" }\n  ${lines}\n`)
    expect(problems).toContainEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
  })

  it.each([
    ['', '1:1 the file is empty; it needs chihaya, with http or udp in it'],
    ['[]', '1:1 the file must be a section of keys, not a list'],
    ['http: {}', '1:1 http is not a known key; the one key of the file is chihaya'],
    [
      'chihaya: { udp: { addr: ":1" } }\nother: 1',
      '2:1 other is not a known key; everything belongs under chihaya',
    ],
    [
      'chihaya:',
      '1:1 chihaya has neither http.addr, http.https_addr nor udp.addr: there is nothing to serve',
    ],
    ['chihaya:\n  udp:\n\taddr: ":1"', /^3:1 /],
    ['chihaya:\n  udp: {\n', /^3:1 /],
    ['chihaya:\n  udp: { addr: ":1" }\n  udp: { addr: ":2" }', '3:3 the key udp is here twice'],
    ['chihaya: { udp: { addr: ":1" } }\n---\nx: 1', /^2:1 a second document begins here/],
    [
      'chihaya:\n  http: { addr: [":1", "127.0.0.1:1"] }',
      /^2:17 chihaya\.http\.addr\[1\] cannot be 127\.0\.0\.1:1: chihaya\.http\.addr\[0\]/,
    ],
    [
      'chihaya:\n  http: { addr: ":6880" }\n  metrics_addr: ":6880"',
      '3:17 chihaya.metrics_addr cannot be :6880: chihaya.http.addr already has the port',
    ],
    ['chihaya:\n  udp: *nothing', '2:8 the alias *nothing has no anchor before it'],
    ['chihaya: &a\n  udp: { addr: ":1" }\n  <<: *a', '3:7 the alias *a is inside its own anchor'],
  ])('the file %j', async (text, problem) => {
    const problems = await problemsOf(text)
    expect(problems).toContainEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
  })

  it.each([
    ['lists', `chihaya: ${'['.repeat(5000)}`, '1:109'],
    ['lists that end', `chihaya: ${'['.repeat(5000)}${']'.repeat(5000)}`, '1:109'],
    ['maps', `chihaya: ${'{a: '.repeat(5000)}${'}'.repeat(5000)}`, '1:406'],
    [
      'blocks',
      `chihaya:\n${Array.from({ length: 2000 }, (_, index) => `${' '.repeat(index + 1)}a:\n`).join('')}`,
      '101:101',
    ],
    ['lists in one line', `chihaya:\n  ${'- '.repeat(5000)}`, '2:201'],
    ['keys of maps', `chihaya:\n  ${'? '.repeat(5000)}`, '2:201'],
    [
      'lists in a second place',
      `chihaya:\n  udp: { addr: ":1" }\n  http: ${'['.repeat(200)}`,
      '3:107',
    ],
  ])('names the place where %s are nested too deeply', async (_what, text, place) => {
    expect(await problemsOf(text)).toEqual([
      `${place} lists and maps are nested more than 100 deep here`,
    ])
  })

  it('names the variable whose value is nested too deeply', async () => {
    const problem = 'is not YAML: lists and maps are nested more than 100 deep here'
    const env = { CHIHAYA_HTTP_ANNOUNCE_ROUTES: `${'['.repeat(5000)}${']'.repeat(5000)}` }
    const read = readConfig({
      name: 'x',
      path: '/x',
      folder: '/',
      text: 'chihaya: { http: { addr: ":1" } }',
      env,
    })
    await expect(read).rejects.toThrow(
      `CHIHAYA_HTTP_ANNOUNCE_ROUTES: chihaya.http.announce_routes ${problem}`,
    )
  })

  it.each([
    ['lists', 40, (index: number) => `[${Array(9).fill(`*a${index}`).join(', ')}]`, '10:13'],
    [
      'merge keys',
      40,
      (index: number) => `{ <<: [${Array(9).fill(`*a${index}`).join(', ')}] }`,
      '10:19',
    ],
    ['a long chain', 150, (index: number) => `[*a${index}]`, '104:17'],
  ])(
    'names the place of aliases that expand to more than memory holds: %s',
    async (_what, length, value, place) => {
      const lines = Array.from(
        { length },
        (_, index) => `    x${index + 1}: &a${index + 1} ${value(index)}\n`,
      )
      const text = `chihaya:\n  udp: { addr: ":1" }\n  http:\n    x0: &a0 { max_numwant: 1 }\n${lines.join('')}`
      const tooMany = 'the aliases in here expand to more than 1000000 values'
      const tooDeep = 'with its aliases this is nested more than 100 deep'
      expect(await problemsOf(text)).toEqual([`${place} ${length === 40 ? tooMany : tooDeep}`])
    },
  )

  it('names the place of the first alias beyond the limit, in linear time', async () => {
    const anchors = Array.from({ length: 20_000 }, (_, index) => `    x${index}: &a${index} 1\n`)
    const aliases = Array.from({ length: 20_000 }, (_, index) => `    y${index}: *a${index}\n`)
    expect(await problemsOf(`chihaya:\n  http:\n${anchors.join('')}${aliases.join('')}`)).toEqual([
      '21003:12 from here on, there are more than 1000 aliases',
    ])
  })

  it('is reported with all errors, in the order of the file', async () => {
    const text = 'chihaya:\n  x: 1\n  udp:\n    addr: ":1"\n    y: 1\n  http:\n    addr: "z"\n'
    expect((await problemsOf(text)).map((problem) => problem.split(' ', 2).join(' '))).toEqual([
      '2:3 chihaya.x',
      '5:5 chihaya.udp.y',
      '7:11 chihaya.http.addr',
    ])
    await expect(readText(text)).rejects.toThrow(/^chihaya\.yaml:2:3: chihaya\.x is not/)
  })

  it('is reported with its first 100 errors, in linear time', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `key${index}: 1`)
    const problems = await problemsOf(lines.join('\n'))
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)).toBe('101:1 99900 more follow')
  })

  it('is reported in linear time, however many items of a list are wrong', async () => {
    const items = Array.from({ length: 20_000 }, () => '      - x\n')
    const problems = await problemsOf(
      `chihaya:\n  udp:\n    addr: ":1"\n    drop_source_ports:\n${items.join('')}`,
    )
    expect(problems[0]).toBe(
      '5:9 chihaya.udp.drop_source_ports[0] must be a whole number from 0 to 65535, not "x"',
    )
    expect(problems).toHaveLength(101)
  })

  it('is a ConfigError, for any text', async () => {
    const fragment = fc.constantFrom(
      'chihaya',
      'http',
      'udp',
      'addr',
      ':',
      ': ',
      '\n',
      '\n  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '*a',
      '&a ',
      '<<',
      '"',
      '0',
      '!!x ',
    )
    const yaml = fc
      .array(fc.oneof(fragment, fc.string({ maxLength: 400 })), { maxLength: 40 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(yaml, async (text) => {
        const outcome: unknown = await readText(text).catch((error: unknown) => error)
        return (
          outcome instanceof ConfigError || (outcome as { tracker?: object }).tracker !== undefined
        )
      }),
      { numRuns: 500 },
    )
  })
})
