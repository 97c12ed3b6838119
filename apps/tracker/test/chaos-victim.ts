import { readdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeCertificate } from '@internal/test-tracker/certificate'
import type { Side } from './chaos-clients.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

// An asynchronous hook, so that requests are pending whenever the tracker changes.
const HOOK = `export default async (fastify) => {
  fastify.tracker.addHook('preAnnounce', () => new Promise((resolve) => setTimeout(resolve, 3)))
}`

function config(round: number, limit = 10_000): string {
  const more = round % 2 === 0 ? '' : ', "127.0.0.2:0"'
  const keepAlive = round % 3 === 0
  return `chihaya:
  metrics_addr: ""
  http:
    addr: ["127.0.0.1:0", "[::1]:0"${more}]
    https_addr: ["127.0.0.1:0", "[::1]:0"${more}]
    tls_cert_path: ${round % 2}.pem
    tls_key_path: ${round % 2}.key
    enable_keepalive: ${keepAlive}
    read_timeout: ${1 + (round % 2)}s
    idle_timeout: 2s
    max_connections: ${limit}
    max_numwant: 500
  udp:
    addr: ["127.0.0.1:0", "[::1]:0"${more}]
    private_key: ["key ${round}"]
    max_scrape_infohashes: ${74 + round}
    ban_bad_connection_ids: { after: 50 }
  prehooks: ${round % 4 < 2 ? '[]' : '[{ name: ./hook.mjs }]'}
`
}

/** A running tracker, and ways to change it. */
export class Victim {
  readonly chihaya: Chihaya
  readonly #folder: string
  #round = 0

  private constructor(chihaya: Chihaya, folder: string) {
    this.chihaya = chihaya
    this.#folder = folder
  }

  static async start(): Promise<Victim> {
    const folder = await temporaryFolder({ 'hook.mjs': HOOK, 'c.yaml': config(0) })
    await Promise.all([makeCertificate(folder, '0'), makeCertificate(folder, '1')])
    const env = { NODE_OPTIONS: '--unhandled-rejections=strict' }
    return new Victim(new Chihaya(['--config', 'c.yaml'], { cwd: folder, env }), folder)
  }

  async side(host: string): Promise<Side> {
    const portOf = async (protocol: string): Promise<number> => {
      const [, port] = await this.chihaya.line(
        new RegExp(`the ${protocol} tracker listens \\{"address":"${host}","port":(\\d+)`),
      )
      return Number(port)
    }
    return {
      host,
      http: await portOf('HTTP'),
      https: await portOf('HTTPS'),
      udp: await portOf('UDP'),
    }
  }

  /** Reloads with another configuration, and waits until it is in use. */
  async reload(limit?: number): Promise<void> {
    this.#round++
    await writeFile(join(this.#folder, 'new.yaml'), config(this.#round, limit))
    await rename(join(this.#folder, 'new.yaml'), join(this.#folder, 'c.yaml'))
    this.chihaya.signal(this.#round % 2 === 0 ? 'SIGHUP' : 'SIGUSR1')
    const times = this.#round
    await expect
      .poll(() => this.chihaya.stdout.split('the configuration is reloaded').length - 1, {
        timeout: 10_000,
      })
      .toBe(times)
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.chihaya.process.pid}/fd`).length
  }
}
