import { describe, expect, it } from 'vitest'
import { userFolder } from '../src/cli.ts'
import { parseCommandLine } from '../src/command-line.ts'

const NOTHING = { debug: false, json: false, nocolors: false, help: false, version: false }

describe('the command line', () => {
  it.each([
    [[], {}],
    [['--config', 'x.yaml'], { config: 'x.yaml' }],
    [['--config=x.yaml', '--debug'], { config: 'x.yaml', debug: true }],
    [['--', '--json', '--nocolors'], { json: true, nocolors: true }],
    [['-h'], { help: true }],
    [['--version'], { version: true }],
    [['check'], { command: 'check' }],
    [['check', 'x.yaml', '--json'], { command: 'check', config: 'x.yaml', json: true }],
    [['--config', 'x.yaml', 'check'], { command: 'check', config: 'x.yaml' }],
    [['print-config', '--config=x.yaml'], { command: 'print-config', config: 'x.yaml' }],
    [
      ['e2e', '--httpaddr', '', '--udpaddr=udp://[::1]:1', '--delay', '5ms'],
      { command: 'e2e', httpaddr: '', udpaddr: 'udp://[::1]:1', delay: '5ms' },
    ],
    [
      ['health', 'x.yaml', '--ready', '--timeout=5s'],
      { command: 'health', config: 'x.yaml', ready: true, timeout: '5s' },
    ],
    [['e2e', '-h'], { command: 'e2e', help: true }],
  ])('%j', (args, flags) => {
    expect({ ...parseCommandLine(args) }).toEqual({ ...NOTHING, ...flags })
  })

  it.each([
    [['--confg', 'x'], 'there is no flag --confg; did you mean --config?'],
    [['--no-colors'], 'there is no flag --no-colors; did you mean --nocolors?'],
    [['-x'], 'there is no flag -x'],
    [['--config'], '--config needs a file'],
    [['--config='], '--config needs a file'],
    [['--config', '--json'], '--config needs a file'],
    [['--json=true'], '--json takes no value'],
    [['e2ee'], 'there is no command "e2ee"; did you mean e2e?'],
    [['chekc'], 'there is no command "chekc"; did you mean check?'],
    [['--', '--', 'something-else'], 'there is no command "something-else"'],
    [['check', 'a', 'b'], '"b" is too much: check takes one file'],
    [['check', 'a', '--config', 'b'], 'there are two files: b and a'],
    [['e2e', 'a'], '"a" is too much: e2e takes flags only'],
    [['e2e', '--config', 'a'], 'e2e has no flag --config'],
    [['--delay', '1s'], 'there is no flag --delay'],
    [['check', '--jsn'], 'check has no flag --jsn; did you mean --json?'],
    [['e2e', '--delay'], '--delay needs a duration such as 1s'],
    [['e2e', '--httpaddr', '--delay'], '--httpaddr needs a URL, or "" for none'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(message)
  })
})

describe('the folder of the user', () => {
  it('is where a package manager was called, for the start script', () => {
    expect(userFolder({ npm_lifecycle_event: 'start', INIT_CWD: '/home/me' })).toBe('/home/me')
  })

  it('is the working folder otherwise', () => {
    expect(userFolder({ npm_lifecycle_event: 'test', INIT_CWD: '/home/me' })).toBe(process.cwd())
    expect(userFolder({ npm_lifecycle_event: 'start' })).toBe(process.cwd())
  })
})
