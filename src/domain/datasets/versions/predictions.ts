import { AppError } from '../../../base/errors.ts'
import type { Data, Model } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { TryAgain } from '../../../jobs/errors.ts'
import type { Reader } from '../../../store/database.ts'
import { originalsOfInputs } from '../../../store/repos/input-media.ts'
import { compileSingle } from '../../../workflow/compile/index.ts'
import type { Call } from '../../call.ts'
import { annotationsOf } from '../../inputs/process/made-annotations.ts'
import { storedInput } from '../../inputs/stored-input.ts'
import type { Caller } from '../../models/find.ts'
import { type FoundModel, resolveModel } from '../../models/resolve.ts'
import { modelOfOutput } from '../../predict/messages.ts'
import { runInputs } from '../../predict/run.ts'
import { toResolved } from '../../predict/runnable.ts'
import { invalidDataset } from '../problem.ts'
import { PREDICTED_TOGETHER } from './limits.ts'

/** The model whose predictions a version holds; throws AppError 10004, 21200, 11101 or 21102. */
export async function modelOfConfig(caller: Caller, model: Model | undefined): Promise<FoundModel> {
  if (!model?.id) throw invalidDataset('model_predict_config names no model; set model.id.')
  const { id: modelId, userId, appId, modelVersion } = model
  return resolveModel(caller, { modelId, userId, appId, versionId: modelVersion?.id })
}

/** What a model says about inputs, by their pks, in parts as annotations of it would be; nothing where it fails. */
export type Predict = (reader: Reader, inputPks: readonly number[]) => Promise<Map<number, Data[]>>

/** Has a model look at the inputs of a version, some at a time. */
export async function predictor(call: Call, model: Model | undefined, sampleMs: number): Promise<Predict> {
  const found = await modelOfConfig(call, model)
  const compiled = compileSingle(toResolved(found))
  const named = modelOfOutput(found)
  const place = compiled.nodes[0]!.index
  return async (reader, inputPks) => {
    const said = new Map<number, Data[]>()
    for (let start = 0; start < inputPks.length; start += PREDICTED_TOGETHER) {
      call.signal.throwIfAborted()
      const pks = inputPks.slice(start, start + PREDICTED_TOGETHER)
      const originals = await originalsOfInputs(reader, pks)
      const known = pks.filter((pk) => originals.has(pk))
      const inputs = await Promise.all(known.map((pk) => storedInput(call.services.blobs, originals.get(pk)!)))
      const ran = await runInputs(call, compiled, inputs, { sampleMs })
      const results = ran.map((item) => ('result' in item ? item.result.nodes[place] : item.error))
      refuseOutOfOrder(results)
      for (const [at, result] of results.entries()) {
        const data = result && 'data' in result && DONE.has(result.code) ? result.data : undefined
        if (data) {
          said.set(
            known[at]!,
            annotationsOf(named, data).flatMap((one) => one.data ?? []),
          )
        }
      }
    }
    return said
  }
}

const DONE: ReadonlySet<StatusCode> = new Set([StatusCode.SUCCESS, StatusCode.MIXED_STATUS])

/** Of inputs: what is wrong with one has to do with no other. */
const isOfInput = (code: StatusCode): boolean => code >= 30_000 && code < 40_000

/** A model that answers nobody is out of order, which another attempt may find mended. */
function refuseOutOfOrder(
  results: readonly ({ readonly code: StatusCode; readonly details: string } | undefined)[],
): void {
  const failed = results.filter((result) => result === undefined || !DONE.has(result.code))
  const [first] = failed
  if (!first || failed.length < results.length || failed.some((result) => !result || isOfInput(result.code))) return
  throw new TryAgain(new AppError(first.code, first.details))
}
