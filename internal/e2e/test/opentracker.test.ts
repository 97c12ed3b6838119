import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, toHex } from '@chihaya/bittorrent'
import { randomPeerId, trackerClient } from '@chihaya/client'
import { ANNOUNCE } from '@internal/test-tracker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Network, type Host } from '../src/network.ts'
import { Program } from '../src/program.ts'
import { PATIENCE } from './transfer.ts'

const PORT = 6969

let network: Network
let folder: string
let host: Host
let opentracker: Program

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chihaya-e2e-'))
  // opentracker drops its privileges and changes its root to this folder.
  await chmod(folder, 0o755)
  network = await Network.create()
  host = await network.addHost()
  // Debian's build requires a whitelist.
  await writeFile(join(folder, 'whitelist'), `${toHex(ANNOUNCE.infoHash)}\n`)
  const where = ['-i', host.ipv4, '-p', String(PORT), '-P', String(PORT)]
  const args = [...where, '-d', folder, '-w', 'whitelist']
  opentracker = new Program(host, 'opentracker', args)
})

afterAll(async () => {
  await opentracker.stop()
  await network.close()
  await rm(folder, { recursive: true })
})

test.for(['http', 'udp'])(
  'our client and opentracker understand each other over %s',
  async (protocol) => {
    const url = `${protocol}://${host.ipv4}:${PORT}/announce`
    const { ipv4: localAddress } = network.addAddresses()
    await using client = trackerClient(url, { localAddress, retransmission: 1000 })
    const announce = (port: number) =>
      client.announce({ ...ANNOUNCE, peerId: randomPeerId('-TS0001-'), port, event: 'started' })
    const [first, second] = protocol === 'http' ? [2001, 2002] : [2003, 2004]
    await expect.poll(() => announce(first).catch(() => undefined), PATIENCE).toBeDefined()
    const { peers, complete, incomplete } = await announce(second)
    expect(peers.map(({ address, port }) => `${formatAddress(address)}:${port}`)).toContain(
      `${localAddress}:${first}`,
    )
    expect(complete).toBe(0)
    expect(await client.scrape([ANNOUNCE.infoHash])).toMatchObject([{ complete: 0, incomplete }])
  },
)
