import { expect, it } from 'vitest'
import { announcePath } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

const BITTORRENT = new URL('../../../packages/bittorrent/src/index.ts', import.meta.url).href

// The middleware has its own copy of the package, like one installed beside the configuration.
// Its third hook breaks the rule that texts are fixed.
const middleware = `import { ClientError } from '${BITTORRENT}?own-copy'
const NO_PASSKEY = new ClientError('unknown passkey')
let requests = 0
export default async (fastify) => {
  const BANNED = new ClientError('banned client')
  fastify.tracker.addHook('preAnnounce', ({ port }) => {
    if (port === 7001) throw NO_PASSKEY
    if (port === 7002) throw BANNED
    throw new ClientError('request ' + requests++ + ' refused')
  })
}`

const CONFIG = `
chihaya:
  metrics_addr: "127.0.0.1:0"
  http: { addr: "127.0.0.1:0" }
  udp: { addr: "127.0.0.1:0", private_key: "a secret of mine" }
  prehooks: [{ name: ./middleware.js }]
`

it('counts the refusals of any middleware by their texts, over HTTP and UDP', async () => {
  const folder = await temporaryFolder({ 'c.yaml': CONFIG, 'middleware.js': middleware })
  const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
  const [http, udp] = [await chihaya.port('HTTP'), await chihaya.port('UDP')]
  const listens = /the HTTP admin server listens .*"port":(\d+)/
  const [, metrics = ''] = await chihaya.line(listens)
  const refuse = async (port: number): Promise<void> => {
    const reply = await fetch(`http://127.0.0.1:${http}${announcePath({ port })}`)
    expect(await reply.text()).toContain('failure reason')
    expect((await announceByUdp('127.0.0.1', udp, port)).readUInt32BE(0)).toBe(3)
  }
  await refuse(7001)
  await refuse(7002)
  for (let round = 0; round < 100; round++)
    // One after another, so that the texts come in order.
    // oxlint-disable-next-line no-await-in-loop
    await refuse(7003)

  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  const series = text.split('\n').filter((line) => line.startsWith('chihaya_requests_total'))
  const count = (protocol: string, error: string): number =>
    series
      .filter((line) => line.includes(`protocol="${protocol}"`))
      .filter((line) => line.includes('action="announce"') && line.includes(`error="${error}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  for (const protocol of ['http', 'udp']) {
    expect(count(protocol, 'unknown passkey')).toBe(1)
    expect(count(protocol, 'banned client')).toBe(1)
    // Varying texts are counted separately up to a limit.
    expect(count(protocol, 'other')).toBeGreaterThan(50)
  }
  expect(series.length).toBeLessThan(140)
})
