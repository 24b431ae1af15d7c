import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Input,
  type Model,
  ModelSchema,
  ModelVersionSchema,
  type Output,
  type OutputInfo,
  OutputInfoSchema,
  OutputSchema,
  type PostModelOutputsRequest,
  PostModelOutputsRequestSchema,
  type Status,
  UserAppIDSetSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { failureOf, knownCode } from '../../runners/connection.ts'
import { askOnce } from '../../runners/engine.ts'
import type { Order } from '../../runners/item.ts'
import { mayWork, type RunnerChoice } from '../../runners/work.ts'
import { runnerRowsFor } from '../../store/repos/compute.ts'
import { type RunnerSettings, SECRETS_PARAM, withoutSecrets } from '../../workflow/runner.ts'
import type { Call } from '../call.ts'
import { readChoice } from '../runners/choice.ts'
import { runnerOf } from '../runners/work.ts'
import { withValues } from '../secrets/hand-over.ts'
import { echoInput, itemStatus, overallStatus } from './answer.ts'
import type { ReadyModel } from './model.ts'

/** That runners do a prediction, and which. */
export interface ByRunner {
  readonly work: RunnerSettings
  readonly choice: RunnerChoice | undefined
}

interface Answer {
  readonly outputs: Output[]
  readonly status?: Status
}

/**
 * Whether runners do a prediction: that of a version that nothing else serves, or of any where the call chooses runners
 * and there are some. Throws AppError 21353 for a version that nobody has a runner for.
 */
export async function runnerFor(
  call: Call,
  { plan, nodes, work, model }: ReadyModel,
  { runnerSelector }: PostModelOutputsRequest,
): Promise<ByRunner | undefined> {
  const isOnlyThere = plan.nodes[nodes[0]!.index]!.runner !== undefined
  if (!isOnlyThere && !runnerSelector) return undefined
  const choice = await readChoice(call, runnerSelector)
  if (!isOnlyThere && !choice) return undefined
  if (call.services.runners.hub.isServed(work, choice)) return { work, choice }
  const users = new Set([work.ownerPk, ...(choice ? [choice.callerPk] : [])])
  for (const userPk of users) {
    const rows = await runnerRowsFor(call.services.db.read, userPk, work)
    if (rows.some((row) => mayWork(runnerOf(row), work, choice))) return { work, choice }
  }
  if (!isOnlyThere) return undefined
  throw new AppError(
    StatusCode.MODEL_NOT_DEPLOYED,
    `The model '${model.id}' is not run by this server and has no runner${choice ? ' among those chosen' : ''}; make one with PostRunners and start it (docs/runners.md).`,
  )
}

/** Has a runner do a prediction as a whole. */
export async function predictByRunner(
  call: Call,
  ready: ReadyModel,
  request: PostModelOutputsRequest,
  by: ByRunner,
): Promise<Answer> {
  const { hub } = call.services.runners
  const asked = requestFor(by, request, await secretsFor(call, ready, by))
  const answer = await askOnce(hub, by.work, asked, call.signal, by.choice)
  const outputs = answer.outputs.map((output, at) => finished(call, ready, request.inputs[at], output))
  return { outputs, status: overallStatus(outputs) }
}

/** Has a runner do a prediction piece by piece. */
export async function* generateByRunner(
  call: Call,
  ready: ReadyModel,
  request: PostModelOutputsRequest,
  by: ByRunner,
): AsyncGenerator<Answer, void, undefined> {
  const asked = requestFor(by, request, await secretsFor(call, ready, by))
  const order: Order = { ...by, kind: 'generate', request: asked }
  yield* answers(call, ready, order)
}

/** Has a runner answer the requests of a stream as they come. */
export async function* streamByRunner(
  call: Call,
  ready: ReadyModel,
  request: PostModelOutputsRequest,
  by: ByRunner,
  following: AsyncIterable<PostModelOutputsRequest>,
): AsyncGenerator<Answer, void, undefined> {
  const secrets = await secretsFor(call, ready, by)
  const more = async function* () {
    for await (const next of following) yield requestFor(by, next, secrets)
  }
  yield* answers(call, ready, { ...by, kind: 'stream', request: requestFor(by, request, secrets), more: more() })
}

async function* answers(call: Call, ready: ReadyModel, order: Order): AsyncGenerator<Answer, void, undefined> {
  const { inputs } = order.request
  for await (const answer of call.services.runners.hub.run(order, call.signal)) {
    if (answer.outputs.length === 0 && isBad(answer.status)) throw failureOf(answer.status)
    const outputs = answer.outputs.map((output, at) => {
      // Of the further requests of a stream only the runner knows which one an answer is to.
      const input = order.kind === 'generate' ? inputs[at] : undefined
      return finished(call, ready, input, output)
    })
    yield { outputs, status: overallStatus(outputs) }
  }
}

const isBad = (status: Status | undefined): status is Status =>
  status !== undefined && status.code !== StatusCode.SUCCESS && status.code !== StatusCode.ZERO

/** The request as runners get it: about the model where it lives, and without what is for this server alone. */
function requestFor({ work }: ByRunner, given: PostModelOutputsRequest, secrets: JsonValue[]): PostModelOutputsRequest {
  const { userId, appId, modelId, versionId } = work
  return create(PostModelOutputsRequestSchema, {
    userAppId: create(UserAppIDSetSchema, { userId, appId }),
    modelId,
    versionId,
    inputs: given.inputs,
    model: withSecrets(given.model, secrets),
  })
}

/** The model of a request with the secrets of its version, in place of any that the call names. */
function withSecrets(given: Model | undefined, secrets: JsonValue[]): Model | undefined {
  if (!given && secrets.length === 0) return undefined
  const model = create(ModelSchema, given ?? {})
  const version = create(ModelVersionSchema, model.modelVersion ?? {})
  const params = withoutSecrets(version.outputInfo?.params ?? {})
  if (secrets.length > 0) params[SECRETS_PARAM] = secrets
  return {
    ...model,
    outputInfo: model.outputInfo && withParams(model.outputInfo, withoutSecrets(model.outputInfo.params ?? {})),
    modelVersion: { ...version, outputInfo: withParams(version.outputInfo, params) },
  }
}

const withParams = (info: OutputInfo | undefined, params: JsonObject): OutputInfo => ({
  ...create(OutputInfoSchema, info ?? {}),
  params,
})

/** Values of secrets for runners of the model's owner; other runners never get any. */
async function secretsFor(call: Call, { secrets }: ReadyModel, { work, choice }: ByRunner) {
  const own = !choice || choice.callerPk === work.ownerPk
  return own ? withValues(call, work.ownerPk, secrets) : []
}

/** An output of a runner, with what only the server knows. */
function finished(call: Call, { model }: ReadyModel, input: Input | undefined, { status, data }: Output): Output {
  return create(OutputSchema, {
    id: newId(),
    status: itemStatus(knownCode(status?.code || StatusCode.SUCCESS), status?.details ?? ''),
    createdAt: toTimestamp(call.services.clock.now()),
    model,
    data,
    ...(input && { input: echoInput(input) }),
  })
}
