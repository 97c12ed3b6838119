/**
 * A process that measures what counting and timing add to requests: `measure.ts udp|http`. Prints
 * nanoseconds of CPU time per request, by contender and round, as JSON.
 */
import { writeConnect } from '@chihaya/client'
import { parseOptions, RequestMeter, Tracker, trackerCore } from '@chihaya/core'
import { MemoryPeerStore } from '@chihaya/storage-memory'
// By path, as these parts are not exported.
import {
  httpFrontend,
  recommendedServerOptions,
} from '../../../../packages/http-frontend/src/index.ts'
import { Datagram } from '../../../../packages/udp-frontend/src/datagram.ts'
import { Dispatcher } from '../../../../packages/udp-frontend/src/dispatcher.ts'
import { MeteredDispatcher } from '../../../../packages/udp-frontend/src/metered-dispatcher.ts'
import { optionsSchema } from '../../../../packages/udp-frontend/src/options.ts'
import { PacketBuffer } from '../../../../packages/udp-frontend/src/packets/packet-buffer.ts'
import { createRequire } from 'node:module'

/** This workspace has no dependency on Fastify. */
type FastifyInstance = Parameters<typeof httpFrontend>[0]

export type Contender = 'plain' | 'counted' | 'timed'
export type Measurements = Record<Contender, number[]>

const ROUNDS = 41
const BATCH = 64
const STRIDE = 128
const BATCHES = 300
const SWARMS = 1000
const PEERS = 100
const INJECTS = 1000
const HTTP_ROUNDS = 31

const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined }
const SOURCE = { address: Uint8Array.of(198, 51, 100, 7), port: 40_000 }

console.log(JSON.stringify(process.argv[2] === 'http' ? await measureHttp() : measureUdp()))

function microseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Batches of announces of known peers, as the batch transport delivers them. */
function measureUdp(): Measurements {
  const tracker = new Tracker({ store: new MemoryPeerStore(), log: LOG })
  tracker.start()
  const dispatcher = new Dispatcher({
    tracker,
    options: parseOptions('bench', optionsSchema, {}),
    log: LOG,
  })
  const metered = (timing: boolean): MeteredDispatcher =>
    new MeteredDispatcher({ dispatcher, meter: new RequestMeter(), timing })
  const [counted, timed] = [metered(false), metered(true)]
  const datagram = new Datagram()
  datagram.input = PacketBuffer.allocate(BATCH * STRIDE)
  datagram.output = PacketBuffer.allocate(dispatcher.replyRoom)
  datagram.source = SOURCE
  writeAnnounces(datagram.input, connectionId(dispatcher, datagram.output))
  populate(dispatcher, datagram)

  const measurements: Measurements = { plain: [], counted: [], timed: [] }
  for (let round = 0; round < ROUNDS; round++) {
    measurements.plain.push(perRequest(() => runPlain(dispatcher, datagram, round)))
    measurements.counted.push(perRequest(() => runMetered(counted, datagram, round)))
    measurements.timed.push(perRequest(() => runMetered(timed, datagram, round)))
  }
  return measurements
}

function perRequest(run: () => void): number {
  const began = microseconds()
  run()
  return ((microseconds() - began) * 1000) / (BATCHES * BATCH)
}

// Duplicated on purpose: the engine must see one class of dispatcher in each, as in a tracker.
function runPlain(dispatcher: Dispatcher, datagram: Datagram, round: number): void {
  for (let batch = 0; batch < BATCHES; batch++) {
    chooseSwarms(datagram.input, round * BATCHES + batch)
    dispatcher.readClock()
    for (let at = 0; at < BATCH * STRIDE; at += STRIDE) {
      datagram.start = at
      datagram.end = at + 98
      void dispatcher.handle(datagram)
    }
  }
}

function runMetered(dispatcher: MeteredDispatcher, datagram: Datagram, round: number): void {
  for (let batch = 0; batch < BATCHES; batch++) {
    chooseSwarms(datagram.input, round * BATCHES + batch)
    dispatcher.readClock()
    for (let at = 0; at < BATCH * STRIDE; at += STRIDE) {
      datagram.start = at
      datagram.end = at + 98
      void dispatcher.handle(datagram)
    }
  }
}

function chooseSwarms({ bytes }: PacketBuffer, batch: number): void {
  for (let index = 0; index < BATCH; index++) {
    const number = (batch * BATCH + index) * 7919
    bytes.writeUInt16BE(number % SWARMS, index * STRIDE + 16)
    bytes.writeUInt16BE(1000 + (number % PEERS), index * STRIDE + 96)
  }
}

function populate(dispatcher: Dispatcher, datagram: Datagram): void {
  const { input, output } = datagram
  datagram.end = 98
  for (let swarm = 0; swarm < SWARMS; swarm++) {
    for (let peer = 0; peer < PEERS; peer++) {
      input.bytes.writeUInt16BE(swarm, 16)
      input.bytes.writeUInt16BE(1000 + peer, 96)
      const reply = dispatcher.handle(datagram)
      if (output.bytes.readInt32BE(0) !== 1 || typeof reply !== 'number')
        throw new Error('an announce was refused')
    }
  }
}

function connectionId(dispatcher: Dispatcher, output: PacketBuffer): Buffer {
  const connect = Object.assign(new Datagram(), {
    input: PacketBuffer.allocate(16),
    end: 16,
    source: SOURCE,
    output,
  })
  connect.input.bytes.set(writeConnect(1))
  dispatcher.readClock()
  void dispatcher.handle(connect)
  return Buffer.from(output.bytes.subarray(8, 16))
}

function writeAnnounces({ bytes }: PacketBuffer, id: Buffer): void {
  for (let at = 0; at < BATCH * STRIDE; at += STRIDE) {
    bytes.set(id, at)
    bytes.writeInt32BE(1, at + 8)
    bytes.write('-TS0001-abcdefghijkl', at + 36, 'latin1')
    bytes.writeInt32BE(1000, at + 68)
    bytes.writeInt32BE(50, at + 92)
  }
}

/** Injected announces, without the cost of Node's parser and sockets. */
async function measureHttp(): Promise<Measurements> {
  const { default: fastify } = (await import(
    createRequire(
      new URL('../../../../packages/http-frontend/package.json', import.meta.url),
    ).resolve('fastify')
  )) as { default: (options: object) => FastifyInstance }
  const application = async (
    meter: RequestMeter | undefined,
    requestTiming: boolean,
  ): Promise<FastifyInstance> => {
    const app = fastify({ ...recommendedServerOptions })
    app.decorate('peerStore', new MemoryPeerStore())
    if (meter) app.decorate('requestMeter', meter)
    app.register(trackerCore)
    app.register(httpFrontend, { requestTiming })
    await app.ready()
    return app
  }
  const contenders: Array<[Contender, FastifyInstance]> = [
    ['plain', await application(undefined, false)],
    ['counted', await application(new RequestMeter(), false)],
    ['timed', await application(new RequestMeter(), true)],
  ]
  const measurements: Measurements = { plain: [], counted: [], timed: [] }
  for (let round = 0; round < HTTP_ROUNDS; round++) {
    // The first would pay for the garbage of the last.
    contenders.push(contenders.shift() as [Contender, FastifyInstance])
    for (const [name, app] of contenders) {
      const began = microseconds()
      // One at a time: each contender pays for its own garbage only.
      // oxlint-disable-next-line no-await-in-loop
      await injectAnnounces(app, round)
      measurements[name].push(((microseconds() - began) * 1000) / INJECTS)
    }
  }
  for (const [, app] of contenders) await app.close()
  return measurements
}

async function injectAnnounces(app: FastifyInstance, round: number): Promise<void> {
  for (let index = 0; index < INJECTS; index++) {
    const swarm = String((round * INJECTS + index) % SWARMS).padStart(20, '0')
    const query = `info_hash=${swarm}&peer_id=-TS0001-abcdefghijkl&port=6881&left=1&numwant=50&compact=1`
    // oxlint-disable-next-line no-await-in-loop
    await app.inject(`/announce?${query}`)
  }
}
