import { decodeMessage, encodeMessage } from '../contract/binary/index.ts'
import { type Data, DataSchema } from '../contract/index.ts'
import type { Effect, InputResult, NodeResult, RunMemory } from '../workflow/plan.ts'
import type { Frame } from './frame-channel.ts'
import type { FromWorker, ToWorker } from './protocol.ts'

/** Fields of Data whose bytes travel beside the message: encoding them would copy megabytes several times. */
const MEDIA = ['image', 'video', 'audio'] as const

interface PackedData {
  /** Protobuf: a tenth of the size of a structured clone, and absent fields stay absent. */
  readonly body: Uint8Array
  /** Index of the attachment that holds the bytes of a medium. */
  readonly media: Partial<Record<(typeof MEDIA)[number], number>>
}

type PackedNode = (Omit<NodeResult, 'data'> & { readonly body?: Uint8Array }) | undefined

interface PackedResult {
  readonly nodes: readonly PackedNode[]
  readonly effects?: readonly { readonly node: number; readonly body: Uint8Array }[]
  readonly memory?: RunMemory
}

/** Packs a message for a worker. */
export function packToWorker(message: ToWorker): Frame {
  if (message.type !== 'run') return { message, attachments: [] }
  const attachments: Uint8Array[] = []
  const inputs = message.request.inputs.map((data) => packData(data, attachments))
  return { message: { ...message, request: { ...message.request, inputs } }, attachments }
}

/** Unpacks what packToWorker made; bytes of media are views of the frame. */
export function unpackToWorker({ message, attachments }: Frame): ToWorker {
  const packed = message as ToWorker
  if (packed.type !== 'run') return packed
  const inputs = (packed.request.inputs as unknown as PackedData[]).map((data) => unpackData(data, attachments))
  return { ...packed, request: { ...packed.request, inputs } }
}

/** Packs a message from a worker. */
export function packFromWorker(message: FromWorker): Frame {
  if (message.type !== 'result') return { message, attachments: [] }
  const results = message.results.map(
    ({ nodes, effects, memory }): PackedResult => ({
      nodes: nodes.map(packNode),
      effects: effects?.map(({ node, data }) => ({ node, body: encodeMessage(DataSchema, data) })),
      memory,
    }),
  )
  return { message: { ...message, results }, attachments: [] }
}

/** Unpacks what packFromWorker made. */
export function unpackFromWorker({ message }: Frame): FromWorker {
  const packed = message as FromWorker
  if (packed.type !== 'result') return packed
  const results = (packed.results as unknown as PackedResult[]).map(
    ({ nodes, effects, memory }): InputResult => ({
      nodes: nodes.map(unpackNode),
      ...(effects ? { effects: effects.map(unpackEffect) } : {}),
      ...(memory ? { memory } : {}),
    }),
  )
  return { ...packed, results }
}

function packData(data: Data, attachments: Uint8Array[]): PackedData {
  const media: PackedData['media'] = {}
  const light: Data = { ...data }
  for (const kind of MEDIA) {
    const medium = data[kind]
    if (!medium || medium.base64.length === 0) continue
    media[kind] = attachments.push(medium.base64) - 1
    Object.assign(light, { [kind]: { ...medium, base64: new Uint8Array(0) } })
  }
  return { body: encodeMessage(DataSchema, light), media }
}

function unpackData({ body, media }: PackedData, attachments: readonly Uint8Array[]): Data {
  const data = decodeMessage(DataSchema, body) as Data
  for (const kind of MEDIA) {
    const index = media[kind]
    if (index !== undefined) data[kind]!.base64 = attachments[index]!
  }
  return data
}

const unpackEffect = ({ node, body }: { node: number; body: Uint8Array }): Effect => ({
  node,
  data: decodeMessage(DataSchema, body) as Data,
})

function packNode(node: NodeResult | undefined): PackedNode {
  if (!node) return undefined
  const { data, ...rest } = node
  return data ? { ...rest, body: encodeMessage(DataSchema, data) } : rest
}

function unpackNode(node: PackedNode): NodeResult | undefined {
  if (!node) return undefined
  const { body, ...rest } = node
  return body ? { ...rest, data: decodeMessage(DataSchema, body) as Data } : rest
}
