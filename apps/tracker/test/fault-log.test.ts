import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

// A few announces exceed the capacity of the pipe and of the tracker's buffer.
const TALKATIVE = `export default async (fastify) => {
  fastify.tracker.addHook('preAnnounce', () => fastify.log.info('x'.repeat(100_000)))
}`
const ENOUGH = 30

interface Talkative {
  readonly chihaya: Chihaya
  readonly url: string
  readonly file: string
}

/** A tracker that logs a lot, on a known port. */
async function talkative(
  options: ConstructorParameters<typeof Chihaya>[1] = {},
): Promise<Talkative> {
  const port = await freePort()
  const folder = await temporaryFolder({
    'hook.mjs': TALKATIVE,
    'chihaya.yaml': `chihaya: { http: { addr: "127.0.0.1:${port}" }, prehooks: [{ name: ./hook.mjs }] }`,
  })
  const chihaya = new Chihaya(['--config', 'chihaya.yaml', '--json'], { cwd: folder, ...options })
  return {
    chihaya,
    file: join(folder, 'chihaya.yaml'),
    url: `http://127.0.0.1:${port}${announcePath()}`,
  }
}

async function announce(url: string, times = 1): Promise<void> {
  for (let count = 0; count < times; count++) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await fetch(url)
    // oxlint-disable-next-line no-await-in-loop
    expect(decode(new Uint8Array(await response.arrayBuffer()))).toMatchObject({ incomplete: 1 })
  }
}

/** Waits until the tracker answers, as its log is unreadable here. */
async function answering(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await announce(url)
    } catch (error) {
      if (attempt === 400) throw error
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** A file that every write to fails. */
function fullDisk(): number {
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  return full
}

describe('a log that cannot be written', () => {
  it('does not prevent the tracker from starting, answering or stopping on a full disk', async () => {
    const { chihaya, url } = await talkative({ output: fullDisk() })
    await answering(url)
    await announce(url, ENOUGH)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stderr).toBe('')
  })

  it('does not make a failed reload end the tracker', async () => {
    const { chihaya, url, file } = await talkative({ errors: fullDisk() })
    await chihaya.port('HTTP')
    await writeFile(file, 'chihaya: { nonsense: true }')
    chihaya.signal('SIGHUP')
    await chihaya.line(/not reloaded/)
    await announce(url)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
  })

  it('neither stops the tracker nor fills its memory if the reader stalls; lost lines are counted', async () => {
    const { chihaya, url } = await talkative()
    await chihaya.port('HTTP')
    const { stdout } = chihaya.process
    stdout?.pause()
    await announce(url, ENOUGH)
    stdout?.resume()
    const [, dropped] = await chihaya.line(
      /"dropped":(\d+),"reason":"EAGAIN","msg":"the log could not be written/,
    )
    expect(Number(dropped)).toBeGreaterThan(0)
    expect(Number(dropped)).toBeLessThan(ENOUGH)
    await announce(url)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    for (const line of chihaya.stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).toHaveProperty('msg')
  })

  it('does not prevent the tracker from stopping if the reader stalls forever', async () => {
    const { chihaya, url } = await talkative()
    await chihaya.port('HTTP')
    chihaya.process.stdout?.pause()
    await announce(url, ENOUGH)
    const exit = once(chihaya.process, 'exit')
    chihaya.signal('SIGTERM')
    expect(await exit).toEqual([0, null])
    chihaya.process.stdout?.resume()
  })

  it('does not stop the tracker if the reader is gone', async () => {
    const { chihaya, url } = await talkative()
    await chihaya.port('HTTP')
    chihaya.process.stdout?.destroy()
    await announce(url, ENOUGH)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stderr).toBe('')
  })
})
