import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Data, Output, PostModelOutputsRequest, Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { echoInput, itemStatus, toOutput } from './answer.ts'
import { generateByRunner, runnerFor, streamByRunner } from './by-runner.ts'
import { checkInputs } from './inputs.ts'
import { invalid, methodOf } from './method-args.ts'
import { nodeOf, streamMethod, streamText, talksAtAll } from './methods.ts'
import { overridesOf, predictReady, type ReadyModel, readyModel, tunedBy } from './model.ts'

/** What one message of a stream of predictions carries. */
export interface StreamedOutputs {
  readonly outputs: Output[]
  readonly status?: Status
}

/**
 * Runs one model on inputs and answers as soon as there is something: with each piece of text of a model that talks,
 * else with one message per input, in order. The failure of a call ends the stream; that of an input is its message.
 */
export async function* generateOutputs(
  call: Call,
  request: PostModelOutputsRequest,
): AsyncGenerator<StreamedOutputs, void, undefined> {
  const { inputs } = request
  checkInputs(inputs, BATCH_ITEMS_MAX)
  const overrides = overridesOf(request)
  const ready = await readyModel(call, request, overrides)
  const runner = await runnerFor(call, ready, request)
  if (runner) {
    yield* generateByRunner(call, ready, request, runner)
    return
  }
  const tuned = tunedBy(call, request, overrides)
  for (const input of inputs) {
    const method = methodOf(input)
    const pieces =
      method !== undefined
        ? streamMethod(call, ready, input, method, tuned)
        : talksAtAll(nodeOf(ready))
          ? streamText(call, ready, input)
          : undefined
    if (!pieces) {
      yield await predictReady(call, ready, [input], overrides, tuned)
      continue
    }
    const shown = echoInput(input)
    for await (const data of pieces) yield { outputs: [outputOf(call, ready, shown, data)] }
  }
}

/**
 * Answers each message of a stream of requests as it comes, in order. All are about the model of the first one, whose
 * rights were checked; a message that fails is answered with its status and the stream goes on.
 */
export async function* streamOutputs(
  call: Call,
  requests: AsyncIterable<PostModelOutputsRequest>,
): AsyncGenerator<StreamedOutputs, void, undefined> {
  let first: PostModelOutputsRequest | undefined
  const messages = requests[Symbol.asyncIterator]()
  for (;;) {
    const next = await messages.next()
    if (next.done) return
    const request = next.value
    try {
      if (first === undefined) {
        first = request
        checkInputs(request.inputs, BATCH_ITEMS_MAX)
        const ready = await readyModel(call, request, overridesOf(request))
        const runner = await runnerFor(call, ready, request)
        if (runner) {
          yield* streamByRunner(call, ready, request, runner, following(request, messages))
          return
        }
      }
      checkSameModel(first, request)
      yield* generateOutputs(call, request)
    } catch (error) {
      call.signal.throwIfAborted()
      if (!(error instanceof AppError)) throw error
      yield { outputs: [], status: itemStatus(error.code, error.details) }
    }
  }
}

/** The further messages of a stream, checked. */
async function* following(
  first: PostModelOutputsRequest,
  messages: AsyncIterator<PostModelOutputsRequest>,
): AsyncGenerator<PostModelOutputsRequest, void, undefined> {
  for (let next = await messages.next(); !next.done; next = await messages.next()) {
    checkSameModel(first, next.value)
    checkInputs(next.value.inputs, BATCH_ITEMS_MAX)
    yield next.value
  }
}

function checkSameModel(a: PostModelOutputsRequest, b: PostModelOutputsRequest): void {
  const named = ({ userAppId, modelId, versionId }: PostModelOutputsRequest): string =>
    JSON.stringify([userAppId?.userId ?? '', userAppId?.appId ?? '', modelId, versionId])
  if (named(a) !== named(b)) throw invalid('All messages of a stream must name the model of the first one.')
}

function outputOf(call: Call, { model }: ReadyModel, input: Output['input'], data: Data): Output {
  const result = { code: StatusCode.SUCCESS, details: '', data, elapsedMs: 0 }
  const output = toOutput(result, model, call.services.clock.now())
  output.input = input
  return output
}
