import { create, type JsonObject, toJson } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  type Data,
  DataSchema,
  type Image,
  type Input,
  type MethodSignature,
  MethodSignatureSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { createInputResolver } from '../../media/resolve-input.ts'
import { imageUrl } from '../../remote/data-url.ts'
import { chat, chatBody, chatStream, textOfAnswer, textOfChunk, userMessage } from '../../remote/openai/chat.ts'
import { CHAT_TYPES } from '../../remote/served-types.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import type { PlanNode } from '../../workflow/plan.ts'
import type { RemoteSettings } from '../../workflow/remote.ts'
import type { Call } from '../call.ts'
import { localSignatures } from '../models/local-methods.ts'
import { chatSignatures, Method } from '../models/methods.ts'
import { readLocalCall, returnedPart } from './local-method.ts'
import { answerHere, talkHere, talksHere } from './local-talk.ts'
import { MethodArgs } from './method-args.ts'
import { runInputs } from './run.ts'
import { callTensors } from './tensor-method.ts'
import { passOn, passOnStream } from './transport.ts'

/** Settings of a chat that an argument or a parameter of the same name sets. */
const NUMBERS = ['max_tokens', 'temperature', 'top_p']

/**
 * Answers one call of a method with the whole result; `tuned` gives the model with parameters of the call. Throws
 * AppError 30101 for a method that the model lacks.
 */
export async function callMethod(
  call: Call,
  model: Compiled,
  input: Input,
  name: string,
  tuned: (params: JsonObject) => Promise<Compiled>,
): Promise<Data> {
  const node = nodeOf(model)
  const args = new MethodArgs(input.data?.parts ?? [])
  const { remote } = node
  const typeId = model.nodes[0]!.model.modelTypeId
  const signatures = signaturesFor(node, typeId)
  if (name === Method.SIGNATURES && signatures.length > 0) return signaturesOf(signatures)
  if (name === Method.OPENAI) return returned(await passOn(call, model, args))
  if (name === Method.PREDICT && talks(remote)) {
    const link = await call.services.links.get(remote)
    return returned(textOfAnswer(await chat(link, await bodyOf(call, node, remote, args), call.signal)))
  }
  if (name === Method.PREDICT && talksHere(node)) {
    const { params, messages } = talkOf(args)
    return returned((await answerHere(call, node, params, messages)).text)
  }
  if (name === Method.PREDICT && remote?.runtime === 'oip' && remote.modelTypeId === 'any-to-any') {
    return callTensors(call, remote, args)
  }
  const local = name === Method.PREDICT ? readLocalCall(typeId, input, args) : undefined
  if (local) {
    return runLocal(call, Object.keys(local.params).length > 0 ? await tuned(local.params) : model, local.input)
  }
  throw noMethod(name, signatures)
}

/** Answers one call of a method piece by piece; methods that answer as a whole give one piece. */
export async function* streamMethod(
  call: Call,
  model: Compiled,
  input: Input,
  name: string,
  tuned: (params: JsonObject) => Promise<Compiled>,
): AsyncGenerator<Data, void, undefined> {
  const node = nodeOf(model)
  const { remote } = node
  if (name === Method.GENERATE && talks(remote)) {
    const body = await bodyOf(call, node, remote, new MethodArgs(input.data?.parts ?? []))
    for await (const piece of textPieces(call, remote, body)) yield returned(piece)
  } else if (name === Method.GENERATE && talksHere(node)) {
    const { params, messages } = talkOf(new MethodArgs(input.data?.parts ?? []))
    for await (const event of talkHere(call, node, params, messages)) if ('piece' in event) yield returned(event.piece)
  } else if (name === Method.OPENAI_STREAM && talksAtAll(node)) {
    for await (const event of passOnStream(call, model, new MethodArgs(input.data?.parts ?? []))) yield returned(event)
  } else {
    yield await callMethod(call, model, input, name, tuned)
  }
}

/** Answers one plain input of a model that talks piece by piece. */
export async function* streamText(call: Call, model: Compiled, input: Input): AsyncGenerator<Data, void, undefined> {
  const node = nodeOf(model)
  const { remote, params } = node
  const resolver = createInputResolver(call.services.fetcher, call.signal)
  const media = await resolver.resolve(input.data)
  const text = media.find((medium) => medium.kind === 'text')?.text
  const images = await Promise.all(media.flatMap((medium) => (medium.kind === 'image' ? [imageUrl(medium.bytes)] : [])))
  const fields = node.inputFields
  const usable = (text !== undefined && fields.includes('text')) || (images.length > 0 && fields.includes('image'))
  if (!usable) {
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The model works on ${fields.join(' or ')}; send that.`)
  }
  if (!remote) {
    for await (const event of talkHere(call, node, {}, [{ role: 'user', content: text ?? '' }])) {
      if ('piece' in event) yield create(DataSchema, { text: { raw: event.piece } })
    }
    return
  }
  const message = userMessage(text, fields.includes('image') ? images : [])
  for await (const raw of textPieces(call, remote, chatBody(remote, params, [message]))) {
    yield create(DataSchema, { text: { raw } })
  }
}

/** Whether a model answers piece by piece. */
export const talks = (remote: RemoteSettings | undefined): remote is RemoteSettings =>
  remote?.runtime === 'openai' && CHAT_TYPES.includes(remote.modelTypeId)

/** Whether a model answers piece by piece, wherever it is. */
export const talksAtAll = (node: PlanNode): boolean => talks(node.remote) || talksHere(node)

/** What a call of a method asks of a language model of this server. */
function talkOf(args: MethodArgs): { params: JsonObject; messages: JsonObject[] } {
  const prompt = args.text('prompt')
  const history = args.objects('chat_history')
  if (args.images('image').length + args.images('images').length > 0) {
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The model sees no pictures; send text alone.')
  }
  const said = prompt !== undefined || history.length === 0
  return {
    params: ownSettings(args),
    messages: [...history, ...(said ? [{ role: 'user', content: prompt ?? '' }] : [])],
  }
}

/** Settings of a chat that the arguments set. */
function ownSettings(args: MethodArgs): JsonObject {
  const own = NUMBERS.flatMap((name) => {
    const value = args.number(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const system = args.text('system_prompt')
  return { ...Object.fromEntries(own), ...(system === undefined ? {} : { system_prompt: system }) }
}

/** The node of a plan that is the model that was called; others were inserted for it. */
export const nodeOf = ({ plan, nodes }: Compiled): PlanNode => plan.nodes[nodes[0]!.index]!

async function* textPieces(call: Call, remote: RemoteSettings, body: JsonObject): AsyncGenerator<string> {
  const link = await call.services.links.get(remote)
  for await (const chunk of chatStream(link, body, call.signal)) {
    const piece = textOfChunk(chunk)
    if (piece !== '') yield piece
  }
}

async function bodyOf(call: Call, { params }: PlanNode, remote: RemoteSettings, args: MethodArgs): Promise<JsonObject> {
  const settings = { ...params, ...ownSettings(args) }
  const images = await Promise.all(
    [...args.images('image'), ...args.images('images')].map((image) => urlOf(call, image)),
  )
  const history = args.objects('chat_history')
  const prompt = args.text('prompt')
  const isSaid = prompt !== undefined || images.length > 0 || history.length === 0
  return chatBody(remote, settings, [...history, ...(isSaid ? [userMessage(prompt, images)] : [])])
}

/** Fetched here rather than there: the other server may reach hosts that this caller must not. */
async function urlOf(call: Call, image: Image): Promise<string> {
  const resolver = createInputResolver(call.services.fetcher, call.signal)
  const [medium] = await resolver.resolve(create(DataSchema, { image }))
  return imageUrl(medium!.kind === 'text' ? new Uint8Array() : medium!.bytes)
}

/** A result as the clients look for it. */
const returned = (stringValue: string): Data => create(DataSchema, { parts: [{ id: 'return', data: { stringValue } }] })

/** The methods of a model: of its type when it runs here as a whole, those of a chat when it talks. */
const signaturesFor = (node: PlanNode, typeId: string): readonly MethodSignature[] =>
  talksAtAll(node) ? chatSignatures(typeId) : localSignatures(typeId)

/** Runs a model that is here on an input that was put together of arguments. */
async function runLocal(call: Call, model: Compiled, input: Input): Promise<Data> {
  const [ran] = await runInputs(call, model, [input])
  if ('error' in ran!) throw ran.error
  const { code, details, data } = ran!.result.nodes[model.nodes[0]!.index]!
  if (code !== StatusCode.SUCCESS) throw new AppError(code, details)
  return returnedPart(model.nodes[0]!.model.modelTypeId, data ?? create(DataSchema))
}

function signaturesOf(given: readonly MethodSignature[]): Data {
  const signatures = given.map((each) => toJson(MethodSignatureSchema, each))
  return create(DataSchema, { text: { raw: JSON.stringify(signatures) } })
}

function noMethod(name: string, signatures: readonly MethodSignature[]): AppError {
  const known = signatures.map((each) => each.name)
  const instead = known.length > 0 ? `it has ${known.join(', ')}` : 'send the input as data, without _method_name'
  return new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The model has no method '${name}'; ${instead}.`)
}
