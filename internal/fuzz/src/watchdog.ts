import { writeSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { writeInput } from './corpus.ts'

interface Shared {
  /** A counter of starts and ends, odd while an input runs; then the input's length. */
  readonly state: Int32Array
  readonly input: Uint8Array
  readonly patience: number
  readonly folder: string
}

/**
 * Ends the process if an input takes too long, because an endless loop cannot be interrupted. The
 * input is written to a file first.
 */
export class Watchdog {
  readonly #shared: Shared

  /** `patience` is in milliseconds. The input is written to `folder`. */
  constructor(patience: number, maxLength: number, folder: string) {
    const state = new Int32Array(new SharedArrayBuffer(8))
    this.#shared = {
      state,
      input: new Uint8Array(new SharedArrayBuffer(maxLength)),
      patience,
      folder,
    }
    new Worker(new URL(import.meta.url), { workerData: this.#shared, name: 'watchdog' }).unref()
  }

  /** Call before an input runs. */
  begin(input: Uint8Array): void {
    this.#shared.input.set(input)
    this.#shared.state[1] = input.length
    this.#tick()
  }

  /** Call after an input has run. */
  end(): void {
    this.#tick()
  }

  #tick(): void {
    const { state } = this.#shared
    state[0] = ((state[0] as number) + 1) | 0
  }
}

/** The second thread: checks whether the counter advances. */
function watch({ state, input, patience, folder }: Shared): void {
  for (;;) {
    const before = state[0] as number
    Atomics.wait(state, 0, before, patience)
    if ((before & 1) === 0 || Atomics.load(state, 0) !== before) continue
    const file = writeInput(folder, input.slice(0, state[1]))
    // The main thread writes `process.stderr` of workers, and is busy.
    writeSync(2, `one input takes longer than ${patience / 1000} seconds: ${file}\n`)
    process.kill(process.pid, 'SIGKILL')
    return
  }
}

if (!isMainThread) watch(workerData as Shared)
