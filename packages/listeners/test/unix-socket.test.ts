import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListener } from '../src/http-listener.ts'
import { HttpService } from '../src/http-service.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

function listenerAt(path: string, unixMode?: number): HttpListener {
  const service = new HttpService({ routing: (_request, response) => void response.end() })
  return new HttpListener(
    { address: { path, key: 'test' }, ...(unixMode !== undefined && { unixMode }) },
    service,
  )
}

describe('a Unix socket', () => {
  it('is refused if another process listens, or the file is not a socket', async () => {
    const folder = await temporaryFolder({ file: 'not a socket' })
    const path = join(folder, 'taken.sock')
    const server = createServer().listen(path)
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    for (const taken of [path, join(folder, 'file')]) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(listenerAt(taken).open()).rejects.toThrow(
        `test: cannot listen on http unix:${taken}: another process listens there, or a file that is not a socket is there`,
      )
    }
    await expect(listenerAt(join(folder, 'no', 'folder')).open()).rejects.toThrow(
      /EACCES|there is no such folder|may not/,
    )
  })

  it('is for its user and group by default', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'default.sock')
    const listener = listenerAt(path)
    onTestFinished(() => listener.close())
    expect(await listener.open()).toBe(path)
    expect((await stat(path)).mode & 0o777).toBe(0o660)
  })
})
