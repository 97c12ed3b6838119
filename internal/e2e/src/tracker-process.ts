import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AddressFamily } from '@chihaya/bittorrent'
import type { Host } from './network.ts'
import { Program } from './program.ts'

const MAIN = fileURLToPath(new URL('../../../apps/tracker/dist/main.js', import.meta.url))
const PORT = 6969

/** The configured intervals in seconds. */
export const INTERVAL = 1800
export const MIN_INTERVAL = 900

const configText = (storage: string, udp: string): string => `
chihaya:
  announce_interval: ${INTERVAL / 60}m
  min_announce_interval: ${MIN_INTERVAL / 60}m
  http:
    addr: ":${PORT}"
    announce_routes: [/announce]
    scrape_routes: [/scrape]
  udp:
    addr: ":${PORT}"
    private_key: "one key, so that connection ids outlive a restart"
    ${udp}
  storage: ${storage}
`

/** The built tracker on a host. */
export class TrackerProcess {
  readonly #host: Host
  readonly #config: string
  #program: Program | undefined

  private constructor(host: Host, config: string) {
    this.#host = host
    this.#config = config
  }

  /**
   * Starts a tracker with its configuration in `folder`, and waits until it answers. `storage` is
   * that section of the configuration, `udp` an additional line of that section.
   */
  static async start(
    host: Host,
    folder: string,
    storage = '{ name: memory }',
    udp = '',
  ): Promise<TrackerProcess> {
    const file = join(folder, `${host.name}.yaml`)
    await writeFile(file, configText(storage, udp))
    const tracker = new TrackerProcess(host, file)
    await tracker.start()
    return tracker
  }

  async start(): Promise<void> {
    const program = new Program(this.#host, process.execPath, [
      MAIN,
      '--config',
      this.#config,
      '--json',
    ])
    this.#program = program
    while (!(await accepts(this.#host.ipv4))) {
      if (!program.running) throw new Error(`the tracker did not start:\n${program.output}`)
      await sleep(50)
    }
  }

  /** Stops the tracker. @returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string | null> {
    const ended = await this.#program?.stop(signal)
    return ended ?? null
  }

  /** The announce URL for clients. */
  announceUrl(protocol: 'http' | 'udp', family: AddressFamily): string {
    const host = family === 'ipv4' ? this.#host.ipv4 : `[${this.#host.ipv6}]`
    return `${protocol}://${host}:${PORT}/announce`
  }

  /** The log since the start. */
  get log(): string {
    return this.#program?.output ?? ''
  }
}

/** Whether the HTTP port accepts connections. The tracker opens it last. */
function accepts(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORT })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
