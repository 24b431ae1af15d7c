import type { JsonObject } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Output,
  type OutputConfig,
  OutputSchema,
  type PostModelOutputsRequest,
  type Status,
} from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { compileSingle } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import { resolveModel } from '../models/resolve.ts'
import { echoInput, itemStatus, overallStatus, toOutput } from './answer.ts'
import { modelOfOutput } from './messages.ts'
import { runInputs } from './run.ts'
import { toResolved } from './runnable.ts'

/** Runs one model on inputs: one output per input, in order, and a status when not all went well. */
export async function predictWithModel(
  call: Call,
  request: PostModelOutputsRequest,
): Promise<{ outputs: Output[]; status?: Status }> {
  const { inputs, modelId, versionId } = request
  if (inputs.length === 0)
    throw new AppError(StatusCode.PREDICT_INVALID_REQUEST, 'The request has no inputs; send at least one.')
  if (inputs.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      StatusCode.PREDICT_INVALID_REQUEST,
      `The request has ${inputs.length} inputs; send at most ${BATCH_ITEMS_MAX}.`,
    )
  }
  const found = await resolveModel(call, { modelId, versionId })
  const overrides = overridesOf(request)
  const key = `model ${found.versionRow.pk}.${found.versionRow.revision} ${overrides.outputConfig ? encodeDoc(overrides.outputConfig) : ''} ${JSON.stringify(overrides.params ?? {})}`
  const compiled = await call.services.plans.get(key, async () => compileSingle(toResolved(found), overrides))
  const ran = await runInputs(call, compiled, inputs, overrides.outputConfig?.sampleMs ?? 0)
  const model = modelOfOutput(found)
  const now = call.services.clock.now()
  const place = compiled.nodes[0]!.index
  const outputs = ran.map((item, at) => {
    const input = echoInput(inputs[at]!)
    if ('error' in item) {
      const { code, details } = item.error
      return create(OutputSchema, {
        id: newId(),
        status: itemStatus(code, details),
        createdAt: toTimestamp(now),
        model,
        input,
      })
    }
    const output = toOutput(item.result.nodes[place]!, model, now)
    output.input = input
    return output
  })
  return { outputs, status: overallStatus(outputs) }
}

// Older clients put the settings of a call beside the model, newer ones into its version.
function overridesOf({ model }: PostModelOutputsRequest): { outputConfig?: OutputConfig; params?: JsonObject } {
  const info = model?.modelVersion?.outputInfo ?? model?.outputInfo
  return { outputConfig: info?.outputConfig, params: info?.params }
}
