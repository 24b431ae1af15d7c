import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testModelsDir } from '../../kit/models-dir.ts'

const repo = join(import.meta.dirname, '..', '..', '..')
const READY_LINE = /^limpid listening on (\S+)$/m

/** The user that every server of these tests makes on its first start. */
export const USER = 'tester'
/** That user's personal access token. */
export const PAT = '0123456789abcdef0123456789abcdef'

/** How a process ended and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A `limpid` process and its output. */
export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has written to standard output so far. */
  printed(): string
}

/** A server that answers on its port. */
export interface LimpidServer extends Running, AsyncDisposable {
  /** As printed: `http://host:port`, or https when it has a certificate. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly dataDir: string
  /** Asks it to stop and waits until it did. */
  stop(): Promise<Ended>
}

/** A new data folder that shares the weights which tests keep, so that they are fetched once per machine. */
export function makeDataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'limpid-acceptance-'))
  mkdirSync(testModelsDir(), { recursive: true })
  symlinkSync(testModelsDir(), join(dir, 'models'))
  return dir
}

/** Starts `limpid <args>` as a user would, with nothing in its environment but `env` and what finds programs. */
export function runLimpid(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [join(repo, 'bin', 'limpid.js'), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
  return { process: child, ended, printed: () => stdout }
}

/** Starts a server on a free port and resolves when it says that it listens; it is stopped when disposed. */
export async function startLimpid(
  options: { readonly env?: Readonly<Record<string, string>>; readonly dataDir?: string } = {},
): Promise<LimpidServer> {
  const dataDir = options.dataDir ?? makeDataDir()
  const running = runLimpid(['serve'], {
    PORT: '0',
    HOST: '127.0.0.1',
    LIMPID_DATA_DIR: dataDir,
    LIMPID_USER: USER,
    LIMPID_PAT: PAT,
    LIMPID_LOG: 'warn',
    LIMPID_TUNE: 'off',
    ...options.env,
  })
  const removeData = (): Promise<void> =>
    options.dataDir === undefined ? rm(dataDir, { recursive: true, force: true }) : Promise.resolve()
  const url = await Promise.race([readyUrl(running), failed(running.ended)]).catch(async (error) => {
    await removeData()
    throw error
  })
  const { hostname, port } = new URL(url)
  const stop = (): Promise<Ended> => {
    running.process.kill('SIGTERM')
    return running.ended
  }
  return {
    ...running,
    url,
    host: hostname,
    port: Number(port),
    dataDir,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await removeData()
    },
  }
}

function readyUrl({ process: child, printed }: Running): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      const url = READY_LINE.exec(printed())?.[1]
      if (url === undefined) return
      child.stdout!.off('data', look)
      resolve(url)
    }
    child.stdout!.on('data', look)
  })
}

async function failed(ended: Promise<Ended>): Promise<never> {
  const { code, signal, stdout, stderr } = await ended
  throw new Error(`limpid serve ended with ${code ?? signal} before it was ready:\n${stdout}${stderr}`)
}
