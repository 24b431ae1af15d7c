import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Data,
  type Input,
  type Model,
  type Output,
  type OutputConfig,
  OutputSchema,
  type PostModelOutputsRequest,
  type Status,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Compiled, compileSingle } from '../../workflow/compile/index.ts'
import type { InputResult } from '../../workflow/plan.ts'
import type { RunnerSettings } from '../../workflow/runner.ts'
import type { Call } from '../call.ts'
import { withRelations } from '../concept-relations/supply.ts'
import { Method } from '../models/methods.ts'
import { withoutRemote } from '../models/remote.ts'
import { resolveModel } from '../models/resolve.ts'
import { workOf } from '../runners/work.ts'
import { secretsOf } from '../secrets/hand-over.ts'
import { actOn } from './act.ts'
import { echoInput, itemStatus, overallStatus, toOutput } from './answer.ts'
import { predictByRunner, runnerFor } from './by-runner.ts'
import { checkInputs } from './inputs.ts'
import { resolvedFor } from './language.ts'
import { modelOfOutput } from './messages.ts'
import { methodOf } from './method-args.ts'
import { planKey } from './plan-key.ts'
import { type Ran, runInputs } from './run.ts'
import type { ModelRows } from './workflow.ts'

/** A model ready to run, as outputs carry it. */
export interface ReadyModel extends Compiled {
  readonly model: Model
  readonly rows: ModelRows & { readonly modelPk: number }
  /** The model as runners know it. */
  readonly work: RunnerSettings
  /** Secrets that the version itself names for its runners. */
  readonly secrets: JsonValue | undefined
}

/** What a call sets otherwise than the version of the model. */
export interface Overrides {
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
  const runner = await runnerFor(call, ready, request)
  const answer = runner
    ? await predictByRunner(call, ready, request, runner)
    : await predictReady(call, ready, inputs, overrides, tunedBy(call, request, overrides))
  call.services.collecting.offer(call, ready, inputs, answer.outputs)
  return answer
}

/** Gives the model of a call with further parameters; what is named in the call wins over its overrides. */
export const tunedBy =
  (call: Call, request: PostModelOutputsRequest, overrides: Overrides) =>
  (params: JsonObject): Promise<ReadyModel> =>
    readyModel(call, request, { ...overrides, params: { ...overrides.params, ...params } })

/** Runs a model that is ready; see predictWithModel. */
export async function predictReady(
  call: Call,
  ready: ReadyModel,
  inputs: readonly Input[],
  overrides: Overrides,
  tuned: ReturnType<typeof tunedBy>,
): Promise<{ outputs: Output[]; status?: Status }> {
  const { id, modelVersion } = ready.model
  const ran = await actOn(
    call,
    ready,
    inputs,
    await runAll(call, ready, inputs, overrides.outputConfig?.sampleMs ?? 0, tuned),
    {
      model: { id, version: modelVersion?.id ?? '' },
    },
  )
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
  return { outputs, status: remoteStatus(ready, outputs) ?? overallStatus(outputs) }
}

/** Runs inputs that are data through the plan, and those that call a method of the model each by itself. */
async function runAll(
  call: Call,
  ready: ReadyModel,
  inputs: readonly Input[],
  sampleMs: number,
  tuned: ReturnType<typeof tunedBy>,
): Promise<Ran[]> {
  const methods = inputs.map(methodOf)
  if (methods.every((method) => method === undefined)) return runInputs(call, ready, inputs, { sampleMs })
  const { callMethod } = await import('./methods.ts')
  const plain = inputs.filter((_, at) => methods[at] === undefined)
  const [ran, called] = await Promise.all([
    plain.length === 0 ? [] : runInputs(call, ready, plain, { sampleMs }),
    Promise.all(
      inputs.map(async (input, at): Promise<Ran | undefined> => {
        const method = methods[at]
        if (method === undefined) return undefined
        try {
          return { result: resultOf(ready, await callMethod(call, ready, input, method, tuned)) }
        } catch (error) {
          // Whether a model has methods at all is asked of the call, not of its one input.
          if (!(error instanceof AppError) || method === Method.SIGNATURES) throw error
          return { error }
        }
      }),
    ),
  ])
  let next = 0
  return called.map((item) => item ?? ran[next++]!)
}

function resultOf({ plan, nodes }: ReadyModel, data: Data): InputResult {
  const result = { code: StatusCode.SUCCESS, details: '', data, elapsedMs: 0 }
  return { nodes: plan.nodes.map((_, at) => (at === nodes[0]!.index ? result : undefined)) }
}

/** A server of a remote model that failed every input fails the call; clients try again by its code. */
function remoteStatus({ plan, nodes }: ReadyModel, outputs: readonly Output[]): Status | undefined {
  if (!plan.nodes[nodes[0]!.index]!.remote) return undefined
  const [first] = outputs
  const code = first?.status?.code ?? StatusCode.SUCCESS
  if (code === StatusCode.SUCCESS || outputs.some(({ status }) => status?.code !== code)) return undefined
  return itemStatus(code, first!.status!.details)
}

/** Finds and compiles the model of a call; what was found is kept, so that the next such call looks nothing up. */
export function readyModel(call: Call, request: PostModelOutputsRequest, overrides: Overrides): Promise<ReadyModel> {
  const { modelId, versionId } = request
  const key = planKey(call, 'model', [modelId, versionId], overrides.outputConfig, overrides.params)
  return call.services.plans.get(key, async () => {
    const found = await resolveModel(call, { modelId, versionId })
    const known = await resolvedFor(call, found, overrides.outputConfig)
    const resolved = await withRelations(call, known, overrides.params)
    const { versionRow, modelRow } = found
    const rows = { modelPk: modelRow.pk, versionPk: versionRow.pk, appPk: modelRow.app_pk }
    return {
      ...compileSingle(resolved, overrides),
      model: modelOfOutput(found),
      rows,
      work: workOf(found),
      secrets: secretsOf(found),
    }
  })
}

/** What a call sets; older clients put it beside the model, newer ones into its version. */
export function overridesOf({ model }: PostModelOutputsRequest): Overrides {
  const [present, older] = [model?.modelVersion?.outputInfo, model?.outputInfo]
  const params = present?.params ?? older?.params
  return {
    outputConfig: present?.outputConfig ?? older?.outputConfig,
    // Clients send a model back as they got it, connection settings and all.
    params: params && withoutRemote(params),
  }
}

function failedOutput({ code, details }: AppError, model: Model, now: number): Output {
  return create(OutputSchema, { id: newId(), status: itemStatus(code, details), createdAt: toTimestamp(now), model })
}
