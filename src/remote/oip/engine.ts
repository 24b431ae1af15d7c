import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Concept, ConceptSchema, type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem, EngineSetup } from '../../engines/engine.ts'
import type { Runtime } from '../../runtime/protocol.ts'
import { garbage, RemoteFailure } from '../failure.ts'
import { VECTOR_LENGTH_MAX } from '../limits.ts'
import type { Link } from '../link.ts'
import { pixelsFor } from './pixels.ts'
import { inferTensors, type ModelSpec, modelSpec, type TensorSpec } from './protocol.ts'
import { numbersOf, type Tensor, textsOf, textTensor } from './tensors.ts'

/** A field of Data and the name of its tensor unless the version has a map of its own. */
interface Port {
  readonly field: string
  readonly tensor: string
}

interface Kind {
  readonly input: Port
  readonly output: Port
  readonly read: (tensor: Tensor, setup: EngineSetup) => Data
}

const IMAGE: Port = { field: 'image', tensor: 'image' }
const TEXT: Port = { field: 'text', tensor: 'text' }
const CONCEPTS: Port = { field: 'concepts', tensor: 'softmax_predictions' }
const EMBEDDINGS: Port = { field: 'embeddings', tensor: 'embeddings' }

/** One for each of OIP_TYPES but the last. */
const KINDS: Readonly<Record<string, Kind>> = {
  'visual-classifier': { input: IMAGE, output: CONCEPTS, read: readConcepts },
  'visual-embedder': { input: IMAGE, output: EMBEDDINGS, read: readVector },
  'text-classifier': { input: TEXT, output: CONCEPTS, read: readConcepts },
  'text-embedder': { input: TEXT, output: EMBEDDINGS, read: readVector },
  'text-to-text': { input: TEXT, output: TEXT, read: readText },
}

/** Runs items on a server with the Open Inference Protocol, one request each; each fails by itself. */
export async function askOip(
  link: Link,
  local: Runtime,
  items: readonly EngineItem[],
  setup: EngineSetup,
): Promise<readonly (Data | AppError)[]> {
  const kind = KINDS[link.settings.modelTypeId]
  if (!kind) {
    const details = 'The model takes tensors; send them as data.parts, each with the name of its tensor as id.'
    return items.map(() => new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, details))
  }
  return Promise.all(
    items.map((item) =>
      askOne(kind, link, local, item, setup).catch((error: unknown) => {
        if (error instanceof RemoteFailure) return error.told
        if (error instanceof AppError) return error
        throw error
      }),
    ),
  )
}

async function askOne(kind: Kind, link: Link, local: Runtime, item: EngineItem, setup: EngineSetup): Promise<Data> {
  const { signal } = item.scope
  const spec = await modelSpec(link, signal)
  const { inputFields, outputFields } = link.settings
  const input = tensorOf(spec.inputs, inputFields, kind.input, 'input')
  const output = tensorOf(spec.outputs, outputFields, kind.output, 'output')
  const tensor =
    kind.input.field === 'image'
      ? await pixelsFor(local, input, item.data, signal)
      : textTensor(input.name, item.data.text?.raw ?? '', ones(input))
  const answer = await inferTensors(link, spec, [tensor], [output.name], signal)
  const given = answer.get(output.name)
  if (!given) throw garbage(`an inference answer with the output '${output.name}'`)
  return kind.read(given, setup)
}

/** A tensor of one element with as many sides as the model wants. */
const ones = ({ shape }: TensorSpec): number[] => (shape.length === 0 ? [1] : shape.map(() => 1))

/** The tensor of a field: the one that the version names, the usual one, or the only one there is. */
function tensorOf(
  specs: ModelSpec['inputs'],
  map: Readonly<Record<string, string>>,
  { field, tensor }: Port,
  what: 'input' | 'output',
): TensorSpec {
  const wanted = map[field] ?? tensor
  const found = specs.find(({ name }) => name === wanted)
  if (found) return found
  const [only] = specs
  if (only && specs.length === 1 && map[field] === undefined) return only
  const names = specs.map(({ name }) => name).join(', ')
  throw new AppError(
    StatusCode.MODEL_INVALID_ARGUMENT,
    `The model on the server has no ${what} '${wanted}' but ${names}; set ${what}_info.fields_map.${field} of the version.`,
  )
}

function readConcepts(tensor: Tensor, { concepts }: EngineSetup): Data {
  const values = numbersOf(tensor)
  if (values.length !== concepts.length) {
    throw new AppError(
      StatusCode.MODEL_PREDICTION_FAILED,
      `The model on the server gives ${values.length} values, but the version has ${concepts.length} concepts.`,
    )
  }
  return create(DataSchema, {
    concepts: concepts.map((concept, at): Concept => create(ConceptSchema, { ...concept, value: finite(values[at]!) })),
  })
}

function readVector(tensor: Tensor): Data {
  const vector = numbersOf(tensor)
  if (vector.length === 0 || vector.length > VECTOR_LENGTH_MAX) throw garbage('a vector')
  return create(DataSchema, { embeddings: [{ vector: vector.map(finite), numDimensions: vector.length }] })
}

function readText(tensor: Tensor): Data {
  return create(DataSchema, { text: { raw: textsOf(tensor).join('\n') } })
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw garbage('finite numbers')
}
