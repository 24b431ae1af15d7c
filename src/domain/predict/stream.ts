import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Data, Output, PostModelOutputsRequest, Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { echoInput, itemStatus, toOutput } from './answer.ts'
import { type ByRunner, generateByRunner, runnerFor, streamByRunner } from './by-runner.ts'
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
  const found = await find(call, request)
  if (found.runner) yield* generateByRunner(call, found.ready, request, found.runner)
  else yield* generateHere(call, request, found.ready)
}

/** The model of a request, and the runner where one does it. */
interface Found {
  readonly ready: ReadyModel
  readonly runner: ByRunner | undefined
}

async function find(call: Call, request: PostModelOutputsRequest): Promise<Found> {
  checkInputs(request.inputs, BATCH_ITEMS_MAX)
  const ready = await readyModel(call, request, overridesOf(request))
  return { ready, runner: await runnerFor(call, ready, request) }
}

/** Runs a model of this server on the inputs of a request. */
async function* generateHere(
  call: Call,
  request: PostModelOutputsRequest,
  ready: ReadyModel,
): AsyncGenerator<StreamedOutputs, void, undefined> {
  const overrides = overridesOf(request)
  const tuned = tunedBy(call, request, overrides)
  for (const input of request.inputs) {
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
 * rights were checked; a message that fails is answered with its status and the stream goes on, but for one that a
 * runner does as a whole.
 */
export async function* streamOutputs(
  call: Call,
  requests: AsyncIterable<PostModelOutputsRequest>,
): AsyncGenerator<StreamedOutputs, void, undefined> {
  let first: PostModelOutputsRequest | undefined
  let isByRunner = false
  const messages = requests[Symbol.asyncIterator]()
  for (;;) {
    const next = await messages.next()
    if (next.done) return
    const request = next.value
    try {
      if (first === undefined) {
        first = request
        const found = await find(call, request)
        if (found.runner) {
          isByRunner = true
          yield* streamByRunner(call, found.ready, request, found.runner, following(request, messages))
          return
        }
        yield* generateHere(call, request, found.ready)
        continue
      }
      checkSameModel(first, request)
      yield* generateOutputs(call, request)
    } catch (error) {
      call.signal.throwIfAborted()
      if (!(error instanceof AppError)) throw error
      yield { outputs: [], status: itemStatus(error.code, error.details) }
      // To a runner the stream is one item, which is over with that.
      if (isByRunner) return
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
