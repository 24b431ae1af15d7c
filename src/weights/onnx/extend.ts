import { BinaryReader } from '@bufbuild/protobuf/wire'
import { Message, type TensorInfo, valueInfoMessage } from './writer.ts'

/** What is put around the graph of a model. */
export interface Extension {
  /** Nodes that come before those of the model, and after them. */
  readonly before: readonly Message[]
  readonly after: readonly Message[]
  readonly initializers: readonly Message[]
  /** Inputs and outputs in place of those of the model. */
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

/** Fields of ModelProto and GraphProto, by their numbers in onnx.proto3. */
const MODEL = { graph: 7 } as const
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const

/**
 * A model with nodes before and after its own, as the bytes of an `.onnx` file. The rest of it, weights above all, is
 * copied as it is. New tensors must have names that the model does not use. Throws where the bytes are no model.
 */
export function extendModel(model: Uint8Array, extension: Extension): Buffer {
  const parts: Uint8Array[] = []
  let graph: Uint8Array | undefined
  for (const { field, whole, value } of fieldsOf(model)) {
    if (field === MODEL.graph) graph = value
    else parts.push(whole)
  }
  if (!graph) throw new Error('the file has no graph')
  const extended = extendGraph(graph, extension)
  const length = extended.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([...parts, headerOf(MODEL.graph, length), ...extended])
}

function extendGraph(graph: Uint8Array, { before, after, initializers, inputs, outputs }: Extension): Uint8Array[] {
  const nodes: Uint8Array[] = []
  const rest: Uint8Array[] = []
  for (const { field, whole } of fieldsOf(graph)) {
    if (field === GRAPH.node) nodes.push(whole)
    else if (field !== GRAPH.input && field !== GRAPH.output) rest.push(whole)
  }
  const written = (field: number, messages: readonly Message[]): Uint8Array[] =>
    messages.map((message) => new Message().message(field, message).toBuffer())
  return [
    ...written(GRAPH.node, before),
    ...nodes,
    ...written(GRAPH.node, after),
    ...rest,
    ...written(GRAPH.initializer, initializers),
    ...written(GRAPH.input, inputs.map(valueInfoMessage)),
    ...written(GRAPH.output, outputs.map(valueInfoMessage)),
  ]
}

interface Field {
  readonly field: number
  /** With its tag. */
  readonly whole: Uint8Array
  /** Of a field with a length the bytes behind that. */
  readonly value: Uint8Array | undefined
}

const BYTES = 2

function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const start = reader.pos
    const [field, type] = reader.tag()
    if (type === BYTES) {
      const value = reader.bytes()
      yield { field, whole: message.subarray(start, reader.pos), value }
    } else {
      reader.skip(type)
      yield { field, whole: message.subarray(start, reader.pos), value: undefined }
    }
  }
}

/** Tag and length of a field whose bytes follow. */
const headerOf = (field: number, length: number): Buffer =>
  Buffer.from([...varint((field << 3) | BYTES), ...varint(length)])

function varint(value: number): number[] {
  const low = value % 128
  const rest = Math.floor(value / 128)
  return rest === 0 ? [low] : [low | 128, ...varint(rest)]
}
