import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { CHECK_RSS_BYTES_MAX, EXPORT_MS_MAX } from '../limits.ts'
import type { ExportedModel, ExportOrder } from './order.ts'

/** What the process says. */
export type FromExport =
  | { readonly type: 'written'; readonly result: ExportedModel }
  | { readonly type: 'failed'; readonly error: string }

const ENTRY = fileURLToPath(new URL('./entry.ts', import.meta.url))

/**
 * Writes and tries an exported model in a process of its own. Rejects with AppError 21502 where the file could not be
 * made or answers otherwise, with the reason of the signal, or with Error when the process ended.
 */
export async function exportInProcess(order: ExportOrder, signal: AbortSignal): Promise<ExportedModel> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<ExportedModel>()
  const child = fork(ENTRY, [String(process.pid), String(CHECK_RSS_BYTES_MAX)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: { UV_THREADPOOL_SIZE: '1', MALLOC_ARENA_MAX: '2' },
  })
  const timer = setTimeout(() => reject(new Error('writing the model took too long')), EXPORT_MS_MAX)
  const abort = (): void => reject(signal.reason)
  child.on('message', (message: FromExport) => {
    if (message.type === 'written') resolve(message.result)
    else reject(new AppError(StatusCode.MODEL_EXPORTING_FAILED, `The model could not be written: ${message.error}`))
  })
  child.on('error', reject)
  child.on('close', (code, killedBy) => reject(new Error(`the process that writes models ended (${killedBy ?? code})`)))
  signal.addEventListener('abort', abort, { once: true })
  try {
    child.send(order)
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    child.kill('SIGKILL')
  }
}
