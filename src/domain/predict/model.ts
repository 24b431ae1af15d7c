import { create, type JsonObject } from '@bufbuild/protobuf'
import type { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Model,
  type Output,
  type OutputConfig,
  OutputSchema,
  type PostModelOutputsRequest,
  type Status,
} from '../../contract/index.ts'
import { type Compiled, compileSingle } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import { resolveModel } from '../models/resolve.ts'
import { echoInput, itemStatus, overallStatus, toOutput } from './answer.ts'
import { checkInputs } from './inputs.ts'
import { resolvedFor } from './language.ts'
import { modelOfOutput } from './messages.ts'
import { planKey } from './plan-key.ts'
import { runInputs } from './run.ts'

/** A model ready to run, as outputs carry it. */
interface ReadyModel extends Compiled {
  readonly model: Model
}

interface Overrides {
  readonly outputConfig?: OutputConfig
  readonly params?: JsonObject
}

/** Runs one model on inputs: one output per input, in order, and a status when not all went well. */
export async function predictWithModel(
  call: Call,
  request: PostModelOutputsRequest,
): Promise<{ outputs: Output[]; status?: Status }> {
  const { inputs } = request
  checkInputs(inputs, BATCH_ITEMS_MAX)
  const overrides = overridesOf(request)
  const ready = await readyModel(call, request, overrides)
  const ran = await runInputs(call, ready, inputs, overrides.outputConfig?.sampleMs ?? 0)
  const now = call.services.clock.now()
  const place = ready.nodes[0]!.index
  const outputs = ran.map((item, at) => {
    const output =
      'error' in item
        ? failedOutput(item.error, ready.model, now)
        : toOutput(item.result.nodes[place]!, ready.model, now)
    output.input = echoInput(inputs[at]!)
    return output
  })
  return { outputs, status: overallStatus(outputs) }
}

/** Finds and compiles the model of a call; what was found is kept, so that the next such call looks nothing up. */
function readyModel(call: Call, request: PostModelOutputsRequest, overrides: Overrides): Promise<ReadyModel> {
  const { modelId, versionId } = request
  const key = planKey(call, 'model', [modelId, versionId], overrides.outputConfig, overrides.params)
  return call.services.plans.get(key, async () => {
    const found = await resolveModel(call, { modelId, versionId })
    const resolved = await resolvedFor(call, found, overrides.outputConfig)
    return { ...compileSingle(resolved, overrides), model: modelOfOutput(found) }
  })
}

// Older clients put the settings of a call beside the model, newer ones into its version.
function overridesOf({ model }: PostModelOutputsRequest): Overrides {
  const [present, older] = [model?.modelVersion?.outputInfo, model?.outputInfo]
  return {
    outputConfig: present?.outputConfig ?? older?.outputConfig,
    params: present?.params ?? older?.params,
  }
}

function failedOutput({ code, details }: AppError, model: Model, now: number): Output {
  return create(OutputSchema, { id: newId(), status: itemStatus(code, details), createdAt: toTimestamp(now), model })
}
