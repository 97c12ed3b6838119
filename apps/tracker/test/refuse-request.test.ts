import { Server, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { refuseRequest } from '../src/run/refuse-request.ts'

describe('a request while too many others are under way', () => {
  it('is refused with a failure reason', async () => {
    const refuse: RequestListener = (_request, response) => refuseRequest(response)
    const server = new Server(refuse).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect([response.status, await response.text()]).toEqual([
      503,
      'd14:failure reason25:too many requests at oncee',
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})
