import { fork } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.ts'
import type { StatusCode } from '../contract/status-code.ts'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import type { CheckedPackage, CheckOrder, CheckStage } from './check.ts'
import {
  CHECK_NICENESS,
  CHECK_RSS_BYTES,
  CHECK_RSS_BYTES_MAX,
  CHECK_RSS_PER_FILE_BYTE,
  LOAD_MS_MAX,
  READ_MS_MAX,
  TEST_RUN_MS_MAX,
} from './limits.ts'

/** What the process says. */
export type FromCheck =
  | { readonly type: 'stage'; readonly stage: CheckStage }
  | { readonly type: 'checked'; readonly result: CheckedPackage }
  | { readonly type: 'problem'; readonly code: StatusCode; readonly details: string }
  | { readonly type: 'failed'; readonly error: string }

/** Limits of one check; tests make them narrower. */
export interface CheckLimits {
  /** Time of each stage, in milliseconds. */
  readonly stageMs: Readonly<Record<CheckStage, number>>
  /** Resident memory for a package of so many bytes, in bytes. */
  readonly rssBytes: (packageBytes: number) => number
}

/** The limits of a running server. */
export const CHECK_LIMITS: CheckLimits = {
  stageMs: { read: READ_MS_MAX, load: LOAD_MS_MAX, run: TEST_RUN_MS_MAX },
  rssBytes: (bytes) => Math.min(CHECK_RSS_BYTES_MAX, CHECK_RSS_BYTES + CHECK_RSS_PER_FILE_BYTE * bytes),
}

const DOING: Readonly<Record<CheckStage, string>> = {
  read: 'Reading the package',
  load: 'Loading the model',
  run: 'The test run of the model',
}
const ENTRY = fileURLToPath(new URL('./entry.ts', import.meta.url))

/**
 * Checks a package in a process of its own, which is ended at its limits. Throws AppError 21105 with what is wrong with
 * the package, the reason of `signal`, or an Error where the process failed for a reason of its own.
 */
export async function checkInProcess(
  order: CheckOrder,
  packageBytes: number,
  signal: AbortSignal,
  limits: CheckLimits = CHECK_LIMITS,
): Promise<CheckedPackage> {
  signal.throwIfAborted()
  const rssBytes = limits.rssBytes(packageBytes)
  const { promise, resolve, reject } = Promise.withResolvers<CheckedPackage>()
  // Nothing of the server's environment is handed on: models of strangers have no use for its secrets.
  const child = fork(ENTRY, [String(process.pid), String(rssBytes)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: { UV_THREADPOOL_SIZE: '1', MALLOC_ARENA_MAX: '2' },
  })
  let stage: CheckStage = 'read'
  let timer: NodeJS.Timeout | undefined
  const late = (): void => {
    reject(uploadProblem(`${DOING[stage]} took longer than ${limits.stageMs[stage] / 1_000} seconds.`))
  }
  const enter = (next: CheckStage): void => {
    stage = next
    clearTimeout(timer)
    timer = setTimeout(late, limits.stageMs[stage])
  }
  const abort = (): void => reject(signal.reason)
  child.on('message', (message: FromCheck) => {
    if (message.type === 'stage') enter(message.stage)
    else if (message.type === 'checked') resolve(message.result)
    else if (message.type === 'problem') reject(new AppError(message.code, message.details))
    else reject(new Error(`checking a package failed: ${message.error}`))
  })
  child.on('error', reject)
  child.on('close', (code, killedBy) => {
    if (killedBy === 'SIGKILL') {
      const mebibytes = Math.floor(rssBytes / 1024 / 1024)
      reject(uploadProblem(`${DOING[stage]} took more than ${mebibytes} MiB of memory.`))
    } else if (killedBy) reject(uploadProblem(`${DOING[stage]} crashed (${killedBy}).`))
    else reject(new Error(`the process that checks packages ended with code ${code}`))
  })
  signal.addEventListener('abort', abort, { once: true })
  enter(stage)
  try {
    child.send(order)
    lowerPriority(child.pid)
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    child.kill('SIGKILL')
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) os.setPriority(pid, CHECK_NICENESS)
  } catch {
    // A wish, not a need; some systems do not allow it.
  }
}
