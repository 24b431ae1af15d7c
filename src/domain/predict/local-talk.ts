import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { engineTalks } from '../../engines/registry.ts'
import { DEFAULT_SAMPLE_MS } from '../../media/limits.ts'
import { engineNode, singlePlan } from '../../remote/local-plan.ts'
import type { PlanNode } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { weightFiles } from './run.ts'

/** Whether a node is a language model of this server, which answers piece by piece. */
export const talksHere = ({ engine, remote }: PlanNode): boolean => remote === undefined && engineTalks(engine)

/** How an answer ended, and what it took. */
export interface TalkEnd {
  readonly finishReason: string
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A piece of text, or the end of the answer, which comes last. */
export type TalkEvent = { readonly piece: string } | { readonly end: TalkEnd }

/**
 * Asks a language model of this server to answer a talk: pieces of the answer as they are written, then how it ended.
 * Throws AppError when it fails; whoever stops listening ends the work.
 */
export async function* talkHere(
  call: Call,
  node: PlanNode,
  params: JsonObject,
  messages: readonly JsonValue[],
): AsyncGenerator<TalkEvent, void, undefined> {
  const stop = new AbortController()
  const signal = AbortSignal.any([call.signal, stop.signal])
  const pieces: string[] = []
  let wake = Promise.withResolvers<void>()
  const onText = (piece: string): void => {
    pieces.push(piece)
    wake.resolve()
  }
  const setup = { params: { ...node.params, ...params, messages: [...messages] }, concepts: [] }
  const plan = singlePlan(engineNode(node.engine, node.weights, setup))
  const options = { sampleMs: DEFAULT_SAMPLE_MS, onText }
  // What the model says stands in the parameters; the input has to be there all the same.
  const inputs = [create(DataSchema, { text: {} })]
  try {
    const files = await weightFiles(call, plan)
    const running = call.services.runtime.run(plan, files, inputs, options, signal)
    const over = running.then(
      () => true,
      () => true,
    )
    for (;;) {
      const isOver = await Promise.race([over, wake.promise])
      wake = Promise.withResolvers<void>()
      for (const piece of pieces.splice(0)) yield { piece }
      if (isOver) break
    }
    const [result] = (await running)[0]!.nodes
    if (result?.code !== StatusCode.SUCCESS) {
      throw new AppError(result?.code ?? StatusCode.MODEL_PREDICTION_FAILED, result?.details ?? 'There is no answer.')
    }
    yield { end: endOf(result.data) }
  } finally {
    stop.abort()
  }
}

function endOf(data: Data | undefined): TalkEnd {
  const { finish_reason: reason, prompt_tokens: read, completion_tokens: written } = data?.metadata ?? {}
  return {
    finishReason: String(reason ?? 'stop'),
    promptTokens: Number(read ?? 0),
    completionTokens: Number(written ?? 0),
  }
}

/** The whole answer of a language model of this server, see talkHere. */
export async function answerHere(
  call: Call,
  node: PlanNode,
  params: JsonObject,
  messages: readonly JsonValue[],
): Promise<{ readonly text: string; readonly end: TalkEnd }> {
  let text = ''
  for await (const event of talkHere(call, node, params, messages)) {
    if ('end' in event) return { text, end: event.end }
    text += event.piece
  }
  throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, 'The answer ended without a reason; try again.')
}
