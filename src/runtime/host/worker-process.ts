import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { compiledCodeEnvironment } from '../../base/compiled-code.ts'
import type { Log } from '../../base/log.ts'
import { type Frame, FrameChannel } from '../frame-channel.ts'
import { LARGE_BLOCK_BYTES, MAX_LOG_LINE_CHARS, WORKER_NICENESS } from '../limits.ts'
import { PIPE_FD } from '../worker/settings.ts'

/** How a worker process is started and what it reports; `To` and `From` are the messages of its protocol. */
export interface WorkerProcessOptions<To, From> {
  /** Its main module. */
  readonly entry: URL
  /** Handed over as JSON in its only argument. */
  readonly settings: object
  readonly pack: (message: To) => Frame
  readonly unpack: (frame: Frame) => From
  readonly log: Log
  readonly onMessage: (message: From) => void
  /** Called once, when the process has ended or could not be started. */
  readonly onExit: (reason: string) => void
}

/**
 * What the libraries inside a worker read: one worker is one core. Nothing else of the server's environment is
 * handed on, because workers decode what strangers send and have no use for its secrets.
 *
 * The thresholds keep the allocator from putting ever larger blocks among the small ones, where they leave holes: after
 * loading and unloading models a hundred times a worker has 212 MB instead of 285, at no measurable cost.
 */
const ENVIRONMENT = {
  UV_THREADPOOL_SIZE: '2',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(LARGE_BLOCK_BYTES),
  MALLOC_TRIM_THRESHOLD_: String(LARGE_BLOCK_BYTES),
}

/** One worker process and the pipe to it. */
export class WorkerProcess<To, From> {
  readonly #pack: (message: To) => Frame
  readonly #child: ChildProcess
  readonly #channel: FrameChannel
  /** The last line of its error output, for messages about failed starts. */
  lastError = ''

  constructor({ entry, settings, pack, unpack, log, onMessage, onExit }: WorkerProcessOptions<To, From>) {
    this.#pack = pack
    this.#child = spawn(process.execPath, ['--expose-gc', fileURLToPath(entry), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...ENVIRONMENT, ...compiledCodeEnvironment() },
      windowsHide: true,
    })
    const ownLog = log.child({ worker: this.#child.pid })
    let reported = false
    const exited = (reason: string): void => {
      if (reported) return
      reported = true
      onExit(reason)
    }
    // 'close' comes after the last output, so that the reason of a failed start is known by then.
    this.#child.on('close', (code, signal) => exited(signal ? `killed by ${signal}` : `exit code ${code}`))
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) exited(error.message)
    })
    this.#lines(this.#child.stdout!, (line) => ownLog.info({ line }, 'worker output'))
    this.#lines(this.#child.stderr!, (line) => {
      if (line.trim() !== '') this.lastError = line
      ownLog.warn({ line }, 'worker error output')
    })
    this.#channel = new FrameChannel(
      this.#child.stdio[PIPE_FD] as Duplex,
      (frame) => onMessage(unpack(frame)),
      (error) => {
        if (error) ownLog.error({ err: error }, 'a worker sent what is no message')
        // Without its pipe a worker is of no use, even if it lives.
        this.kill()
      },
    )
    if (this.#child.pid !== undefined) lowerPriority(this.#child.pid)
  }

  /** Process id; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Sends a message; throws AppError when it is too large. What is sent to a dead process is lost. */
  send(message: To): void {
    this.#channel.send(this.#pack(message))
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #lines(stream: Readable, take: (line: string) => void): void {
    createInterface({ input: stream }).on('line', (line) => take(line.slice(0, MAX_LOG_LINE_CHARS)))
  }
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, WORKER_NICENESS)
  } catch {
    // A wish, not a need; some systems do not allow it.
  }
}
