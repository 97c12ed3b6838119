import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './network.ts'
import { Program } from './program.ts'

const PORT = 9090
/** Short, so that rates are available soon. */
const INTERVAL = '500ms'

/** A series in the result of a query, with its last value. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly result: ReadonlyArray<{
      metric: Record<string, string>
      value: [time: number, value: string]
    }>
  }
}

/** A Prometheus on a host, which scrapes one tracker. */
export class Prometheus {
  readonly #url: string
  readonly #program: Program
  readonly #folder: string

  private constructor(host: Host, program: Program, folder: string) {
    this.#url = `http://${host.ipv4}:${PORT}`
    this.#program = program
    this.#folder = folder
  }

  /** Starts a Prometheus that scrapes `target`, `host:port`, and waits until it is ready. */
  static async start(host: Host, target: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'chihaya-prometheus-'))
    const config = join(folder, 'prometheus.yml')
    const jobs = [{ job_name: 'chihaya', static_configs: [{ targets: [target] }] }]
    // JSON is valid YAML.
    await writeFile(
      config,
      JSON.stringify({
        global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL },
        scrape_configs: jobs,
      }),
    )
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=:${PORT}`,
    ]
    const prometheus = new Prometheus(host, new Program(host, 'prometheus', args), folder)
    await prometheus.#answers()
    return prometheus
  }

  /** Evaluates an expression now. @throws {Error} with the error of Prometheus. */
  async query(expression: string): Promise<QueryResult[]> {
    const response = await fetch(
      `${this.#url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
    )
    const { error, data } = (await response.json()) as Answer
    if (!data) throw new Error(`${expression}: ${error ?? response.status}`)
    return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
  }

  async stop(): Promise<void> {
    await this.#program.stop('SIGTERM')
    await rm(this.#folder, { recursive: true })
  }

  async #answers(): Promise<void> {
    for (;;) {
      const ready = await fetch(`${this.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (ready) return
      if (!this.#program.running) throw new Error(this.#program.lastWords)
      await sleep(50)
    }
  }
}

/**
 * Checks metrics with Prometheus' own linter. `readable` is whether they parse; `remarks` include
 * matters of style.
 */
export function checkMetrics(text: string): { readable: boolean; remarks: string[] } {
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  return {
    readable: status === 0 || status === 3,
    remarks: stderr.split('\n').filter((line) => line !== ''),
  }
}
