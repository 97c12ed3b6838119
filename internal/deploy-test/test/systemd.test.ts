import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryPath } from './paths.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

const SYSTEMD = repositoryPath('deploy/systemd')
// In tenths: 1.4 of 10. Most system services exceed 9.
const EXPOSURE = '14'

async function read(name: string): Promise<string> {
  return readFile(join(SYSTEMD, name), 'utf8')
}

/** Installs the unit with these drop-ins into a folder, for the Node.js of this machine. */
async function installUnit(dropIns: readonly string[]): Promise<string> {
  const folder = await temporaryFolder()
  const unit = join(folder, 'chihaya.service')
  await writeFile(
    unit,
    (await read('chihaya.service')).replaceAll('/usr/bin/node', process.execPath),
  )
  await mkdir(`${unit}.d`)
  for (const name of dropIns) await cp(join(SYSTEMD, name), join(`${unit}.d`, name))
  return unit
}

describe('the systemd unit', () => {
  it.each([[[]], [['secrets.conf']], [['low-ports.conf']], [['low-ports.conf', 'secrets.conf']]])(
    'is correct with the drop-ins %j',
    async (dropIns) => {
      const unit = await installUnit(dropIns)
      // systemd only warns about unknown settings, and succeeds.
      expect(
        await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', unit]),
      ).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      })
    },
  )

  it('exposes little of the system', async () => {
    const unit = await installUnit(['secrets.conf'])
    const args = ['security', '--offline=true', `--threshold=${EXPOSURE}`, '--no-pager', unit]
    const { code, stdout, stderr } = await run('systemd-analyze', args)
    expect({ code, stderr, exposure: stdout.split('\n').at(-2) }).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  it('allows just-in-time compilation and many connections', async () => {
    const text = await read('chihaya.service')
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=yes/m)
    expect(Number(/^LimitNOFILE=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(65_536)
  })

  it('runs the published command, with a checked configuration', async () => {
    const text = await read('chihaya.service')
    const commands = [...text.matchAll(/^Exec(\w+)=\/usr\/bin\/node \/opt\/chihaya\/(\S+) (.*)$/gm)]
    expect(commands.map(([, when, , args]) => [when, args])).toEqual([
      ['StartPre', 'check /etc/chihaya.yaml'],
      ['Start', '--config /etc/chihaya.yaml'],
      ['Reload', 'check /etc/chihaya.yaml'],
    ])
    const { bin } = JSON.parse(
      await readFile(repositoryPath('apps/tracker/package.json'), 'utf8'),
    ) as {
      bin: { chihaya: string }
    }
    for (const [, , script] of commands) expect(`./${script}`).toBe(bin.chihaya)
  })

  it('is documented with all its drop-ins', async () => {
    const manual = await readFile(repositoryPath('docs/operations.md'), 'utf8')
    for (const name of await readdir(SYSTEMD)) expect(manual).toContain(`deploy/systemd/${name}`)
  })
})
