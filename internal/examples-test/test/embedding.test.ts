import { trackerClient, type AnnounceAnswer } from '@chihaya/client'
import { ANNOUNCE } from '@internal/test-tracker'
import { expect, onTestFinished, test } from 'vitest'
import { examplePath } from './example.ts'
import { Program } from './program.ts'

const PASSKEY = '0123456789abcdef0123456789abcdef'

async function announce(url: string, port = ANNOUNCE.port): Promise<AnnounceAnswer> {
  const client = trackerClient(url)
  onTestFinished(() => client.close())
  return client.announce({ ...ANNOUNCE, port })
}

function run(name: string): Program {
  return new Program([examplePath(`embedding/${name}`)], { env: { PORT: '0' } })
}

test('minimal.js runs a tracker beside its own route', async () => {
  const app = run('minimal.js')
  const udp = await app.find(/"port":(\d+),"msg":"the UDP tracker listens"/)
  const http = await app.find(/http:\/\/127\.0\.0\.1:(\d+)/)
  expect(await announce(`http://127.0.0.1:${http}/announce`)).toMatchObject({
    interval: 1800,
    incomplete: 1,
  })
  expect(await announce(`udp://127.0.0.1:${udp}`, 7000)).toMatchObject({
    interval: 1800,
    incomplete: 2,
  })
  expect(await (await fetch(`http://127.0.0.1:${http}/`)).text()).toBe(
    'the tracker is at /announce\n',
  )
  expect(await app.find(/"protocol":"(udp)","event":"none","msg":"announced"/)).toBe('udp')
})

test('two-trackers.js has a public tracker and one for members', async () => {
  const app = run('two-trackers.js')
  const origin = `http://127.0.0.1:${await app.find(/http:\/\/127\.0\.0\.1:(\d+)/)}`
  expect(await announce(`${origin}/public/announce`)).toMatchObject({
    interval: 1800,
    incomplete: 1,
  })
  expect(await announce(`${origin}/members/${PASSKEY}/announce`, 7000)).toMatchObject({
    interval: 2700,
    incomplete: 1,
  })
  await expect(announce(`${origin}/members/${'f'.repeat(32)}/announce`)).rejects.toThrow(
    'unknown passkey',
  )
  expect(app.output).not.toMatch(/"level":[456]0/)
})
