import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a test server has got. */
export interface Got {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
  /** The body as JSON, or as far as its JSON goes. */
  readonly body: Record<string, unknown>
  /** Resolves when the connection of this request is closed. */
  readonly closed: Promise<unknown>
}

/** Answers a request in place of the server's own way. */
export type Behaviour = (got: Got, res: ServerResponse) => void | Promise<void>

/** A small server that tests start in their own process. */
export interface RemoteServer extends AsyncDisposable {
  readonly url: string
  readonly got: Got[]
  /** Behaviours for the next requests, one each; after them the server answers as it should. */
  readonly next: Behaviour[]
}

async function start(answer: Behaviour): Promise<RemoteServer> {
  const got: Got[] = []
  const next: Behaviour[] = []
  const server = createServer(async (req, res) => {
    const closed = once(res, 'close')
    const bytes = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>))
    const length = Number(req.headers['inference-header-content-length'] ?? bytes.length)
    const body = bytes.length === 0 ? {} : (JSON.parse(bytes.subarray(0, length).toString()) as Got['body'])
    const one = { method: req.method!, path: req.url!, headers: req.headers, bytes, body, closed }
    got.push(one)
    await (next.shift() ?? answer)(one, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    next,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers with JSON. */
export function json(res: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

/** Behaviour: an error of this HTTP status, in the words that OpenAI's servers use. */
export const failing =
  (status: number, message = 'out of order', headers: Record<string, string> = {}): Behaviour =>
  (_, res) =>
    json(res, { error: { message, type: 'server_error' } }, status, headers)

interface Message {
  readonly role: string
  readonly content: string | { readonly type: string; readonly text?: string }[]
}

/** What the model of the test server says: what it was told, and how many pictures it was shown. */
export function said(messages: readonly Message[]): string {
  const parts = messages.flatMap(({ role, content }) =>
    typeof content === 'string'
      ? [`${role}: ${content}`]
      : content.map(({ type, text }) => (type === 'text' ? `${role}: ${text}` : `${role}: <picture>`)),
  )
  return parts.join(' | ')
}

/** The vector of a text in the test server: of one length whatever the text is, and different for most texts. */
export const vectorOf = (text: string): number[] => [text.length, text.split(' ').length, text.charCodeAt(0) / 4, 0.5]

/** The smallest GIF. */
export const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')

/** A server that speaks the HTTP interface of OpenAI; it wants the key `sk-test` and knows the model `tiny`. */
export function startOpenAi(): Promise<RemoteServer> {
  return start(async ({ path, headers, body }, res) => {
    if (headers.authorization !== 'Bearer sk-test') {
      return json(res, { error: { message: `Incorrect API key provided: ${headers.authorization}` } }, 401)
    }
    if (body.model !== 'tiny') return json(res, { error: { message: `no model ${body.model}` } }, 404)
    if (path === '/v1/embeddings') return embeddings(body, res)
    if (path === '/v1/images/generations') {
      return json(res, { created: 1, data: [{ b64_json: PIXEL.toString('base64') }] })
    }
    if (path === '/v1/chat/completions') return body.stream === true ? stream(body, res) : chat(body, res)
    json(res, { error: { message: 'no such path' } }, 404)
  })
}

const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }

function chat(body: Got['body'], res: ServerResponse): void {
  const tools = body.tools as { function: { name: string } }[] | undefined
  const message = tools
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: tools[0]!.function.name, arguments: '{}' } }],
      }
    : { role: 'assistant', content: said(body.messages as Message[]) }
  const choices = [{ index: 0, message, finish_reason: tools ? 'tool_calls' : 'stop' }]
  json(res, { id: 'chat-1', object: 'chat.completion', created: 1, model: 'tiny', choices, usage })
}

function stream(body: Got['body'], res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const words = said(body.messages as Message[]).split(/(?<= )/)
  for (const content of words) event(res, { choices: [{ index: 0, delta: { content }, finish_reason: null }] })
  event(res, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  const options = body.stream_options as { include_usage?: boolean } | undefined
  if (options?.include_usage) event(res, { choices: [], usage })
  res.end('data: [DONE]\n\n')
}

/** Writes one event of a chat stream. */
export function event(res: ServerResponse, fields: object): void {
  const chunk = { id: 'chat-1', object: 'chat.completion.chunk', created: 1, model: 'tiny', ...fields }
  res.write(`data: ${JSON.stringify(chunk)}\n\n`)
}

function embeddings(body: Got['body'], res: ServerResponse): void {
  const texts = [body.input].flat() as string[]
  if (texts.includes('poison')) {
    json(res, { error: { message: 'poison is not a text' } }, 400)
    return
  }
  const data = texts.map((text, index) => {
    const vector = vectorOf(text)
    const bytes = Buffer.from(Float32Array.from(vector).buffer)
    const embedding = body.encoding_format === 'base64' ? bytes.toString('base64') : vector
    return { object: 'embedding', index, embedding }
  })
  json(res, { object: 'list', data: data.toReversed(), model: 'tiny', usage: { prompt_tokens: 2, total_tokens: 2 } })
}

interface OipTensor {
  readonly name: string
  readonly shape: number[]
  readonly datatype: string
  readonly data?: unknown[]
  readonly parameters?: { binary_data_size: number }
}

/** What the models of the OIP server take and give. */
const OIP_MODELS: Readonly<Record<string, { inputs: OipTensor[]; outputs: OipTensor[] }>> = {
  'mean-colour': {
    inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [-1, -1, 3] }],
    outputs: [{ name: 'softmax_predictions', datatype: 'FP32', shape: [3] }],
  },
  'mean-colour-planar': {
    inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3, 4, 4] }],
    outputs: [{ name: 'embeddings', datatype: 'FP32', shape: [-1, 3] }],
  },
  shout: {
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1, 1] }],
    outputs: [{ name: 'text', datatype: 'BYTES', shape: [-1, 1] }],
  },
  double: {
    inputs: [
      { name: 'numbers', datatype: 'INT64', shape: [-1] },
      { name: 'label', datatype: 'BYTES', shape: [1] },
    ],
    outputs: [
      { name: 'doubled', datatype: 'INT64', shape: [-1] },
      { name: 'label', datatype: 'BYTES', shape: [1] },
    ],
  },
}

/** A server that speaks the Open Inference Protocol v2, with or without tensors as bytes; a silent one says nothing of itself. */
export function startOip(options: { readonly binary: boolean; readonly silent?: boolean }): Promise<RemoteServer> {
  const { binary, silent = false } = options
  return start((got, res) => {
    if (got.path === '/v2' && !silent) {
      return json(res, { name: 'test', version: '1', extensions: binary ? ['binary_tensor_data'] : [] })
    }
    const name = /^\/v2\/models\/([^/]+)/.exec(got.path)?.[1] ?? ''
    const model = OIP_MODELS[name]
    if (!model) return json(res, { error: `Request for unknown model: '${name}' is not found` }, 404)
    if (!got.path.endsWith('/infer')) return json(res, { name, versions: ['1'], platform: 'test', ...model })
    const outputs = computeOip(name, readInputs(got))
    if (binary) sendBinary(res, name, outputs)
    else json(res, { model_name: name, outputs })
  })
}

type Values = (number | string)[]

function readInputs({ body, bytes, headers }: Got): Map<string, { tensor: OipTensor; values: Values }> {
  const found = new Map<string, { tensor: OipTensor; values: Values }>()
  let at = Number(headers['inference-header-content-length'] ?? 0)
  for (const tensor of body.inputs as OipTensor[]) {
    const size = tensor.parameters?.binary_data_size
    const raw = size === undefined ? undefined : bytes.subarray(at, at + size)
    at += size ?? 0
    found.set(tensor.name, { tensor, values: raw ? unpack(tensor, raw) : (tensor.data as Values) })
  }
  return found
}

function unpack({ datatype }: OipTensor, raw: Buffer): Values {
  if (datatype === 'UINT8') return [...raw]
  if (datatype === 'FP32') return Array.from({ length: raw.length / 4 }, (_, i) => raw.readFloatLE(i * 4))
  if (datatype === 'INT64') return Array.from({ length: raw.length / 8 }, (_, i) => Number(raw.readBigInt64LE(i * 8)))
  const texts: string[] = []
  for (let at = 0; at < raw.length; at += 4 + raw.readUInt32LE(at)) {
    texts.push(raw.toString('utf8', at + 4, at + 4 + raw.readUInt32LE(at)))
  }
  return texts
}

function computeOip(name: string, inputs: ReturnType<typeof readInputs>): OipTensor[] {
  if (name === 'shout') {
    const { tensor, values } = inputs.get('text')!
    const data = values.map((text) => String(text).toUpperCase())
    return [{ name: 'text', datatype: 'BYTES', shape: tensor.shape, data }]
  }
  if (name === 'double') {
    const numbers = inputs.get('numbers')!
    const data = numbers.values.map((value) => Number(value) * 2)
    const label = inputs.get('label')!.values
    return [
      { name: 'doubled', datatype: 'INT64', shape: numbers.tensor.shape, data },
      { name: 'label', datatype: 'BYTES', shape: [label.length], data: label },
    ]
  }
  const planar = name === 'mean-colour-planar'
  const { tensor, values } = inputs.get(planar ? 'image' : 'pixels')!
  const pixels = values.length / 3
  if (tensor.shape.reduce((product, side) => product * side, 1) !== values.length) throw new Error('a wrong shape')
  const means = [0, 1, 2].map((channel) => {
    let sum = 0
    for (let i = 0; i < pixels; i++) sum += Number(values[planar ? channel * pixels + i : i * 3 + channel])
    return sum / pixels / (planar ? 1 : 255)
  })
  return planar
    ? [{ name: 'embeddings', datatype: 'FP32', shape: [1, 3], data: means }]
    : [{ name: 'softmax_predictions', datatype: 'FP32', shape: [3], data: means }]
}

function sendBinary(res: ServerResponse, name: string, outputs: readonly OipTensor[]): void {
  const raw = outputs.map(({ datatype, data }) =>
    Buffer.concat(
      data!.map((value) => {
        const element = Buffer.alloc(datatype === 'FP32' ? 4 : datatype === 'INT64' ? 8 : 4)
        if (datatype === 'FP32') element.writeFloatLE(value as number)
        else if (datatype === 'INT64') element.writeBigInt64LE(BigInt(value as number))
        else {
          const text = Buffer.from(String(value))
          element.writeUInt32LE(text.length)
          return Buffer.concat([element, text])
        }
        return element
      }),
    ),
  )
  const shown = outputs.map(({ data: _, ...tensor }, at) => ({
    ...tensor,
    parameters: { binary_data_size: raw[at]!.length },
  }))
  const head = Buffer.from(JSON.stringify({ model_name: name, outputs: shown }))
  res.setHeader('inference-header-content-length', head.length)
  res.setHeader('content-type', 'application/octet-stream')
  res.end(Buffer.concat([head, ...raw]))
}
