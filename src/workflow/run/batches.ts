import { AppError, isAppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem, EngineSetup, LoadedEngine } from '../../engines/engine.ts'
import { MAX_BATCH_ITEMS } from '../limits.ts'

/** Answer to one item: what the engine made of it, or why it could not. */
export type ItemResult = Data | AppError

/** What inferBatches needs to know beside the items. */
export interface BatchContext {
  readonly setup: EngineSetup
  readonly signal: AbortSignal
  /** Told about errors that are not meant for callers. */
  readonly report: (error: unknown) => void
}

/**
 * Runs an engine on any number of items in batches of at most MAX_BATCH_ITEMS. When a batch fails, its items are
 * tried one by one, so that a broken one costs only its own result. Throws the signal's reason once aborted.
 */
export async function inferBatches(
  engine: LoadedEngine,
  items: readonly EngineItem[],
  context: BatchContext,
): Promise<ItemResult[]> {
  const results: ItemResult[] = []
  for (let start = 0; start < items.length; start += MAX_BATCH_ITEMS) {
    const batch = items.slice(start, start + MAX_BATCH_ITEMS)
    const whole = await attempt(engine, batch, context)
    if (Array.isArray(whole)) {
      results.push(...whole)
    } else if (batch.length === 1) {
      results.push(whole)
    } else {
      for (const item of batch) {
        const alone = await attempt(engine, [item], context)
        results.push(Array.isArray(alone) ? alone[0]! : alone)
      }
    }
  }
  return results
}

/**
 * Runs an engine on items for several setups at once, where it can; undefined where it cannot, or where it failed and
 * each setup has to show by itself whether it is to blame. Throws the signal's reason once aborted.
 */
export async function inferTogether(
  engine: LoadedEngine,
  items: readonly EngineItem[],
  setups: readonly EngineSetup[],
  signal: AbortSignal,
): Promise<Data[][] | undefined> {
  if (!engine.inferMany || setups.length === 1 || items.length > MAX_BATCH_ITEMS) return undefined
  try {
    const answers = await engine.inferMany(items, setups)
    const isWhole = answers.length === setups.length && answers.every((list) => list.length === items.length)
    return isWhole ? answers : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function attempt(
  engine: LoadedEngine,
  items: readonly EngineItem[],
  { setup, signal, report }: BatchContext,
): Promise<Data[] | AppError> {
  signal.throwIfAborted()
  try {
    const answers = await engine.infer(items, setup)
    if (answers.length !== items.length) {
      throw new Error(`engine answered ${answers.length} of ${items.length} items`)
    }
    return answers
  } catch (error) {
    signal.throwIfAborted()
    return toAppError(error, report)
  }
}

/** Any thrown value as an error for callers; what is not meant for them goes to `report` and becomes 21313. */
export function toAppError(error: unknown, report: (error: unknown) => void): AppError {
  if (isAppError(error)) return error
  report(error)
  return new AppError(
    StatusCode.MODEL_PREDICTION_FAILED,
    'The model failed on this input; try again, and tell the operator of the server if it happens again.',
    { cause: error },
  )
}
