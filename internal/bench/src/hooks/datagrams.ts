/**
 * A process that measures what hooks add to an announce from its datagram to its reply, without
 * sockets and with the memory store. Prints rows as JSON.
 */
import { writeConnect } from '@chihaya/client'
import { parseOptions, Tracker, type TrackerHooks } from '@chihaya/core'
import { MemoryPeerStore } from '@chihaya/storage-memory'
// This workspace has no dependency on the package.
import { Datagram } from '../../../../packages/udp-frontend/src/datagram.ts'
import { Dispatcher } from '../../../../packages/udp-frontend/src/dispatcher.ts'
import { optionsSchema } from '../../../../packages/udp-frontend/src/options.ts'
import { PacketBuffer } from '../../../../packages/udp-frontend/src/packets/packet-buffer.ts'
import { median } from '../median.ts'
import type { Row } from '../table.ts'

const ROUNDS = 15
const ANNOUNCES = 40_000
const SWARMS = 1000
const PEERS = 100
const READS_PEER_ID = 'one hook that reads the peer id'
const MOST = 1.4

const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined }
const SOURCE = { address: Uint8Array.of(198, 51, 100, 7), port: 40_000 }

let seen = 0

/** A tracker with hooks, and the nanoseconds of CPU time per announce of each round. */
class Contender {
  readonly what: string
  readonly times: number[] = []
  readonly #dispatcher: Dispatcher
  readonly #datagram = new Datagram()
  #number = 0

  constructor(what: string, hooks: readonly TrackerHooks['preAnnounce'][]) {
    this.what = what
    const tracker = new Tracker({ store: new MemoryPeerStore(), log: LOG })
    for (const hook of hooks) tracker.addHook('preAnnounce', hook)
    tracker.start()
    this.#dispatcher = new Dispatcher({
      tracker,
      options: parseOptions('bench', optionsSchema, {}),
      log: LOG,
    })
    this.#datagram.source = SOURCE
    this.#datagram.output = PacketBuffer.allocate(this.#dispatcher.replyRoom)
    this.#datagram.input = this.#announceOf(this.#connectionId())
    for (let peer = 0; peer < SWARMS * PEERS; peer++) this.#announce(peer)
  }

  run(): void {
    const { user, system } = process.cpuUsage()
    // Known peers, in an order that defeats caches.
    for (let index = 0; index < ANNOUNCES; index++)
      this.#announce((this.#number += 7919) % (SWARMS * PEERS))
    const after = process.cpuUsage()
    this.times.push(((after.user - user + after.system - system) * 1000) / ANNOUNCES)
  }

  #announce(peer: number): void {
    const datagram = this.#datagram
    datagram.input.view.setUint16(16, peer % SWARMS)
    datagram.input.view.setUint16(96, 1000 + Math.floor(peer / SWARMS))
    datagram.start = 0
    datagram.end = 98
    if (typeof this.#dispatcher.handle(datagram) !== 'number' || datagram.refusal !== '')
      throw new Error('an announce failed')
  }

  #connectionId(): Buffer {
    const { output } = this.#datagram
    const connect = Object.assign(new Datagram(), {
      input: PacketBuffer.allocate(16),
      end: 16,
      source: SOURCE,
      output,
    })
    connect.input.bytes.set(writeConnect(1))
    this.#dispatcher.readClock()
    void this.#dispatcher.handle(connect)
    return Buffer.from(output.bytes.subarray(8, 16))
  }

  #announceOf(connectionId: Buffer): PacketBuffer {
    const packet = PacketBuffer.allocate(98)
    packet.bytes.set(connectionId)
    packet.view.setInt32(8, 1)
    packet.bytes.write('-TS0001-abcdefghijkl', 36, 'latin1')
    packet.view.setInt32(68, 1000)
    packet.view.setInt32(92, 50)
    return packet
  }
}

const contenders = [
  new Contender('no hook', []),
  new Contender('one hook that reads nothing', [() => void seen++]),
  new Contender(READS_PEER_ID, [({ peerId }) => void (seen += peerId.length)]),
  new Contender('one hook that reads infohash, peer id and left', [
    ({ infoHash, peerId, left }) => void (seen += infoHash.length + peerId.length + Number(left)),
  ]),
]

for (let round = 0; round < ROUNDS; round++) {
  // The first would pay for the garbage of the last.
  for (let index = 0; index < contenders.length; index++)
    contenders[(round + index) % contenders.length]?.run()
}
const [none] = contenders
const rows: Row[] = contenders.map(({ what, times }) => {
  const ratio = median(times.map((time, round) => time / (none?.times[round] ?? 0)))
  return {
    what: `${what} (${median(times).toFixed(0)} ns)`,
    measured: `${ratio.toFixed(2)} ×`,
    target: what === READS_PEER_ID ? `≤ ${MOST} ×` : '',
    met: what !== READS_PEER_ID || ratio <= MOST,
  }
})
console.log(JSON.stringify(rows))
