/** Runs conversions outside the event loop of the caller. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ConversionJob } from './run.ts'

/** A conversion takes a second or two; one that takes this long hangs. */
export const CONVERSION_TIMEOUT_MS = 300_000
/** Heap of the worker; weights themselves live outside it, but base64 text and parsed JSON live inside. */
const WORKER_HEAP_MB = 1024

/** Converts in a worker thread. Rejects with what went wrong, with the reason of `signal`, or on time-out. */
export async function convertInWorker(job: ConversionJob, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONVERSION_TIMEOUT_MS)])
  limit.throwIfAborted()
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  })
  try {
    // `once` also rejects with whatever the worker throws.
    const [exitCode] = await once(worker, 'exit', { signal: limit })
    if (exitCode !== 0) throw new Error(`the conversion ended with exit code ${exitCode}`)
  } catch (error) {
    limit.throwIfAborted()
    throw error
  } finally {
    await worker.terminate()
  }
}
