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
    [['e2e'], 'there is no command "e2e"'],
    [['--', '--', 'x'], 'there is no command "x"'],
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
