import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

// Silent connections do not time out.
const PATIENT = 'read_timeout: 1h, write_timeout: 1h, max_connections: 20000'
const DESCRIPTORS = 60
const IDLE = 10_000
// A thousand connections each, so that no source runs out of ports.
const SOURCES = 10

async function chihayaWith(via: readonly string[], metricsPort?: number): Promise<Chihaya> {
  const metrics = metricsPort === undefined ? '' : `metrics_addr: "127.0.0.1:${metricsPort}", `
  const text = `chihaya: { ${metrics}http: { addr: "127.0.0.1:0", ${PATIENT} }, udp: { addr: "127.0.0.1:0" } }`
  const folder = await temporaryFolder({ 'chihaya.yaml': text })
  return new Chihaya(['--config', 'chihaya.yaml'], { cwd: folder, via })
}

/** Opens silent connections, including those that the other side ends at once. */
async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, (_, index) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      localAddress: `127.0.0.${2 + (index % SOURCES)}`,
    })
    return socket.on('error', () => undefined).resume()
  })
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
  )
  return sockets
}

async function closed(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.filter((socket) => !socket.closed).map((socket) => once(socket, 'close')),
  )
}

async function announce(port: number): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${announcePath()}`)
  return decode(new Uint8Array(await response.arrayBuffer()))
}

/** Hundredths of a second of CPU that a process has used. */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

describe('a tracker that runs out of file descriptors', () => {
  it('ends idle connections for new ones, logs that, and keeps some descriptors for itself', async () => {
    const metricsPort = await freePort()
    const chihaya = await chihayaWith(
      ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`, '--'],
      metricsPort,
    )
    const port = await chihaya.port('HTTP')
    const sockets = await openIdle(port, 200)
    expect(await announce(port)).toMatchObject({ incomplete: 1 })
    expect((await announceByUdp('127.0.0.1', await chihaya.port('UDP'))).readUInt32BE(0)).toBe(1)

    const pid = chihaya.process.pid as number
    const open = readdirSync(`/proc/${pid}/fd`).length
    expect(open).toBeLessThan(DESCRIPTORS)
    expect(open).toBeGreaterThan(DESCRIPTORS - 10)
    const before = cpuTime(pid)
    await delay(1000)
    // A loop around a failing accept would take the whole second.
    expect(cpuTime(pid) - before).toBeLessThan(50)
    expect(chihaya.stdout.match(/file descriptors run out/g)).toHaveLength(1)

    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const [, dropped] =
      /dropped_connections_total\{reason="open_files",connection="idle"\} (\d+)/.exec(metrics) ?? []
    expect(Number(dropped)).toBeGreaterThan(100)
    await closed(sockets.map((socket) => socket.destroy()))
    expect(await announce(port)).toMatchObject({ incomplete: 1 })
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
  })
})

describe('ten thousand silent connections', () => {
  it('prevent neither answers to others nor a stop', async () => {
    const limit = IDLE + 1000
    const chihaya = await chihayaWith(['prlimit', `--nofile=${limit}:${limit}`, '--'])
    const port = await chihaya.port('HTTP')
    const sockets = await openIdle(port, IDLE)
    expect(sockets.filter((socket) => !socket.closed)).toHaveLength(IDLE)
    expect(await announce(port)).toMatchObject({ incomplete: 1 })
    expect((await announceByUdp('127.0.0.1', await chihaya.port('UDP'))).readUInt32BE(0)).toBe(1)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
  })

  it('end after the read timeout', async () => {
    const folder = await temporaryFolder({
      'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0", read_timeout: 1s } }',
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTP')
    const sockets = await openIdle(port, 1000)
    await closed(sockets)
    expect(await announce(port)).toMatchObject({ incomplete: 1 })
  })
})
