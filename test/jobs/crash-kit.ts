import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { DatabaseLocation } from '../../src/store/database.ts'

const WORKER = fileURLToPath(new URL('./worker-process.ts', import.meta.url))

/** A process that runs jobs, and what it has told so far. */
export interface Worker {
  /** Ids of jobs whose enqueueing it acknowledged. */
  readonly acknowledged: readonly string[]
  readonly ended: Promise<[code: number | null, signal: string | null]>
}

/**
 * Starts worker-process.ts. With `killAt` it is killed at its `killAt`-th line (0: at once); without it ends when the
 * queue is empty. Only a process that ends by itself adds to the code cache, which halves the time to start.
 */
export function startWorker(location: DatabaseLocation, codeCache: string, name: string, killAt?: number): Worker {
  const order = { location, name, forever: killAt !== undefined }
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [WORKER, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: codeCache },
  })
  const acknowledged: string[] = []
  const follow = async (): Promise<[number | null, string | null]> => {
    const exit = once(child, 'exit')
    let lines = 0
    if (killAt === 0) child.kill('SIGKILL')
    for await (const line of createInterface(child.stdout)) {
      const [kind, id] = line.split(' ')
      if (kind === 'queued') acknowledged.push(id!)
      if (killAt !== undefined && ++lines >= killAt) child.kill('SIGKILL')
    }
    const [code, signal] = await exit
    return [code as number | null, signal as string | null]
  }
  return { acknowledged, ended: follow() }
}

/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
