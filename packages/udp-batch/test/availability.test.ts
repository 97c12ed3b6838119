import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { PACKAGE } from './batches.ts'
import { runChild } from './child.ts'
import { temporaryFolder } from './temporary-folder.ts'

const TARGET = `${process.platform}-${process.arch}`
const folder = temporaryFolder()

/**
 * The reason that a copy of the package gives without this machine's binary, but with these files.
 */
async function reasonWith(name: string, files: Record<string, string>): Promise<string> {
  const copy = join(folder, name)
  for (const part of ['package.json', 'src', 'test/children'])
    cpSync(join(PACKAGE, part), join(copy, part), { recursive: true })
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(copy, file, '..'), { recursive: true })
    writeFileSync(join(copy, file), text)
  }
  const { code, stdout, stderr } = await runChild(join(copy, 'test', 'children', 'unavailable.ts'))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { reason, thrown } = JSON.parse(stdout) as { reason: string; thrown: string }
  expect(thrown).toBe(`UDP batching is unavailable: ${reason}`)
  return reason
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('a package without a usable binary', () => {
  it('reports that there is none', async () => {
    expect(await reasonWith('none', {})).toBe(
      `there is no binary for ${TARGET}, and none was compiled`,
    )
  })

  it('reports why none was compiled', async () => {
    const files = { [`build/${TARGET}/unavailable.txt`]: 'there is no C compiler: cc ENOENT\n' }
    expect(await reasonWith('no-compiler', files)).toBe(
      `there is no binary for ${TARGET}, and none could be compiled: there is no C compiler: cc ENOENT`,
    )
  })

  it.each(['build', 'prebuilds'])(
    "reports the system's error for a broken one in %s",
    async (where) => {
      const reason = await reasonWith(`broken-${where}`, {
        [`${where}/${TARGET}/udp_batch.node`]: 'not a library',
      })
      expect(reason).toContain('udp_batch.node')
    },
  )

  it.each([
    [{ platform: 'win32' }, 'win32'],
    [{ platform: 'darwin' }, 'darwin'],
    [{ platform: 'linux', versions: { bun: '1.3.0' } }, 'bun'],
    [{ platform: 'linux', versions: { deno: '2.5.0' } }, 'deno'],
    [{ platform: 'linux', versions: {}, arch: 'vax' }, 'linux-vax'],
  ])('reports what is missing on %j', async (changes, word) => {
    vi.stubGlobal('process', { ...process, versions: {}, ...changes })
    vi.resetModules()
    const { BatchSocket, unavailable } = await import('@chihaya/udp-batch')
    expect(unavailable()).toContain(word)
    expect(() => BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined)).toThrow(
      unavailable(),
    )
  })
})
