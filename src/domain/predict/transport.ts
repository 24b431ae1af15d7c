import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { InputSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { chat, chatStream, withOwnFields } from '../../remote/openai/chat.ts'
import { passEmbeddings } from '../../remote/openai/embeddings.ts'
import { passImages } from '../../remote/openai/images.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import type { PlanNode } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { chatHere, chatStreamHere } from './local-chat.ts'
import { talksHere } from './local-talk.ts'
import { invalid, isObject, type MethodArgs, parse } from './method-args.ts'
import { runInputs } from './run.ts'

/** Argument of the method that carries a request of the OpenAI interface, and the field in it that names the path. */
const MESSAGE = 'msg'
const ENDPOINT = 'openai_endpoint'
/** Most texts in one embeddings request, as in the original interface. */
const TEXTS_MAX = 2_048

const CHAT = '/chat/completions'
const EMBEDDINGS = '/embeddings'
const IMAGES = '/images/generations'

/**
 * Answers a request of the OpenAI interface, both as JSON texts. A model on a server with this interface gets it as
 * it is, but for the model's name; local text embedders answer embeddings as well.
 */
export async function passOn(call: Call, model: Compiled, args: MethodArgs): Promise<string> {
  const { endpoint, request } = readMessage(args)
  const { plan, nodes } = model
  const node = plan.nodes[nodes[0]!.index]!
  const typeId = nodes[0]!.model.modelTypeId
  const { remote } = node
  if (remote?.runtime === 'openai' && endpoint === endpointOf(typeId)) {
    const link = await call.services.links.get(remote)
    const { signal } = call
    if (endpoint === EMBEDDINGS) return JSON.stringify(await passEmbeddings(link, request, signal))
    if (endpoint === IMAGES) return JSON.stringify(await passImages(link, request, signal))
    return JSON.stringify(await chat(link, withOwnFields(remote, request), signal))
  }
  if (endpoint === CHAT && talksHere(node)) return JSON.stringify(await chatHere(call, node, request))
  if (endpoint === EMBEDDINGS && typeId === 'text-embedder') {
    return JSON.stringify(await embedHere(call, model, node, request))
  }
  throw unfit(endpoint, typeId)
}

/** Answers a chat request of the OpenAI interface with the events of its stream, as JSON texts. */
export async function* passOnStream(
  call: Call,
  { plan, nodes }: Compiled,
  args: MethodArgs,
): AsyncGenerator<string, void, undefined> {
  const { endpoint, request } = readMessage(args)
  const node = plan.nodes[nodes[0]!.index]!
  const { remote } = node
  if (endpoint !== CHAT) throw unfit(endpoint, nodes[0]!.model.modelTypeId)
  if (!remote) {
    for await (const event of chatStreamHere(call, node, request)) yield JSON.stringify(event)
    return
  }
  const link = await call.services.links.get(remote)
  for await (const event of chatStream(link, withOwnFields(remote, request), call.signal)) yield JSON.stringify(event)
}

function readMessage(args: MethodArgs): { endpoint: string; request: JsonObject } {
  const message = parse(args.text(MESSAGE) ?? '')
  if (!isObject(message)) throw invalid(`The argument ${MESSAGE} must be a JSON object.`)
  const { [ENDPOINT]: endpoint = CHAT, ...request } = message
  return { endpoint: String(endpoint), request }
}

function endpointOf(typeId: string): string {
  if (typeId === 'text-embedder') return EMBEDDINGS
  return typeId === 'text-to-image' ? IMAGES : CHAT
}

function unfit(endpoint: string, typeId: string): AppError {
  const details = `A model of the type ${typeId} cannot answer ${endpoint}; use a model of a fitting type.`
  return new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, details)
}

/** Vectors of an embedder of this server in the form of the OpenAI interface. Tokens are not counted here. */
async function embedHere(call: Call, model: Compiled, node: PlanNode, request: JsonObject): Promise<JsonObject> {
  const texts = textsOf(request.input)
  const asBytes = request.encoding_format === 'base64'
  const data: JsonObject[] = []
  for (let at = 0; at < texts.length; at += BATCH_ITEMS_MAX) {
    const inputs = texts.slice(at, at + BATCH_ITEMS_MAX).map((raw) => create(InputSchema, { data: { text: { raw } } }))
    for (const item of await runInputs(call, model, inputs)) {
      if ('error' in item) throw item.error
      const result = item.result.nodes[model.nodes[0]!.index]
      const vector = result?.data?.embeddings[0]?.vector
      if (!vector) {
        throw new AppError(result?.code || StatusCode.MODEL_PREDICTION_FAILED, result?.details || 'There is no vector.')
      }
      const { dimensions = vector.length } = request
      if (dimensions !== null && dimensions !== vector.length) {
        throw invalid(`The model gives vectors of ${vector.length} numbers; leave dimensions out.`)
      }
      data.push({ object: 'embedding', index: data.length, embedding: asBytes ? packed(vector) : vector })
    }
  }
  return { object: 'list', data, model: node.id, usage: { prompt_tokens: 0, total_tokens: 0 } }
}

function textsOf(input: JsonValue | undefined): string[] {
  const texts = typeof input === 'string' ? [input] : input
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > TEXTS_MAX) {
    throw invalid(`The field input must be a text or a list of 1 to ${TEXTS_MAX} texts.`)
  }
  return texts.map((text) => {
    if (typeof text === 'string' && text !== '') return text
    throw invalid('Every entry of input must be a text that is not empty; lists of tokens are not taken.')
  })
}

const packed = (vector: readonly number[]): string => Buffer.from(Float32Array.from(vector).buffer).toString('base64')
