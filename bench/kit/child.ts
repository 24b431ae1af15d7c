import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROBE = new URL('probe.js', import.meta.url).href

/** State of a measured process, as probe.js tells it. */
export interface Probe {
  /** Processor time so far, of all its threads, in microseconds. */
  readonly cpuMicros: number
  readonly rssBytes: number
  /** Delays of the event loop since the last question, in milliseconds. */
  readonly stallP999Ms: number
  readonly stallMaxMs: number
}

/** A measured process: a server or a worker of a benchmark. */
export class Child {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  /** Starts a module, by path from the folder of the benchmarks. */
  constructor(module: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../${module}`, import.meta.url))
    this.#process = spawn(process.execPath, ['--import', PROBE, path, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  /** The next line that the process prints; rejects when it ends instead. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the process ended (exit code ${this.#process.exitCode}) before it was ready`)
    return value
  }

  /** Sends a question over the channel and answers what comes back. */
  async ask<T>(question: unknown): Promise<T> {
    const answered = new AbortController()
    const { signal } = answered
    this.#process.send(question as object)
    try {
      const [answer] = await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'exit', { signal }).then(([code]) => {
          throw new Error(`the process ended (exit code ${code}) instead of answering`)
        }),
      ])
      return answer as T
    } finally {
      answered.abort()
    }
  }

  /** Gives the process a niceness, so that it competes with others as what it is compared with does. */
  setNiceness(niceness: number): void {
    if (this.#process.pid !== undefined) setPriority(this.#process.pid, niceness)
  }

  async probe(): Promise<Probe> {
    return (await this.ask<{ probe: Probe }>('probe')).probe
  }

  /** Asks the process to end and waits until it has. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}
