import { AppError } from '../../../base/errors.ts'
import type { Data } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { EngineItem, EngineSetup } from '../../../engines/engine.ts'
import type { Call } from '../../call.ts'
import { crossAppInputSearcher, inputSearcher } from './input-searcher.ts'
import { knnConcept } from './knn-concept.ts'
import { ragPrompter } from './rag-prompter.ts'

/** What an operator that searches makes of the data of one input, on behalf of a call. */
export type ServedOperator = (call: Call, data: Data, setup: EngineSetup) => Promise<Data>

/** Operators that the server does itself, as they look into apps. */
const operators: Readonly<Record<string, ServedOperator>> = {
  'knn-concept': knnConcept,
  'input-searcher': inputSearcher,
  'cross-app-input-searcher': crossAppInputSearcher,
  'rag-prompter': ragPrompter,
}

/** Runs one of them on some items. */
export function runServed(call: Call, name: string, items: readonly EngineItem[], setup: EngineSetup): Promise<Data[]> {
  const operator = operators[name]
  if (!operator) throw new AppError(StatusCode.MODEL_DEPLOYMENT_FAILED, `There is no operator '${name}'.`)
  return Promise.all(items.map(({ data }) => operator(call, data, setup)))
}
