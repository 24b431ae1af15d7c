import { toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { CATALOGUE_USER } from '../../catalogue/index.ts'
import {
  ModelTypeField_DataType as DataType,
  type MethodSignature,
  type ModelType,
  type ModelTypeField,
  type ModelVersion,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { CHAT_TYPES } from '../../remote/served-types.ts'
import { INFERENCE, Kind } from '../../workflow/model-types/field.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { argument, chatSignatures, list, Method, result, setting, signature, UNARY } from './methods.ts'

const MEDIA: Readonly<Record<string, DataType>> = {
  image: DataType.IMAGE,
  audio: DataType.AUDIO,
  text: DataType.STR,
}
const SETTINGS: ReadonlyMap<Kind, DataType> = new Map([
  [Kind.BOOLEAN, DataType.BOOL],
  [Kind.STRING, DataType.STR],
  [Kind.ENUM, DataType.STR],
  [Kind.NUMBER, DataType.FLOAT],
  [Kind.RANGE, DataType.FLOAT],
  [Kind.ARRAY_OF_STRINGS, DataType.LIST],
])

/** Name of the argument that takes a field of the input; what is said to a model that talks is called a prompt. */
export const argumentOf = (typeId: string, field: string): string =>
  field === 'text' && (CHAT_TYPES.includes(typeId) || typeId === 'text-to-image') ? 'prompt' : field

/** The field of the answer that a method returns; undefined for types whose answers no single part could hold. */
export function returnedField({
  outputFields,
}: ModelType): 'concepts' | 'regions' | 'embeddings' | 'text' | 'image' | 'audio' | undefined {
  const roots = new Set(outputFields.flatMap((entry) => entry.split(',')).map((field) => field.split('[')[0]!))
  const [root] = roots
  return roots.size === 1 && isReturned(root!) ? root : undefined
}

const RETURNED = ['concepts', 'regions', 'embeddings', 'text', 'image', 'audio'] as const
const isReturned = (root: string): root is (typeof RETURNED)[number] => (RETURNED as readonly string[]).includes(root)

const RESULTS: Readonly<Record<(typeof RETURNED)[number], () => ModelTypeField>> = {
  concepts: () => list(result(DataType.LIST), DataType.CONCEPT),
  regions: () => list(result(DataType.LIST), DataType.REGION),
  embeddings: () => result(DataType.NDARRAY),
  text: () => result(DataType.STR),
  image: () => result(DataType.IMAGE),
  audio: () => result(DataType.AUDIO),
}

const known = new Map<string, readonly MethodSignature[]>()

/** The methods of models of a type that run here: `predict`, with an argument for each field and each parameter. */
export function localSignatures(typeId: string): readonly MethodSignature[] {
  let made = known.get(typeId)
  if (!made) {
    made = makeSignatures(typeId)
    known.set(typeId, made)
  }
  return made
}

function makeSignatures(typeId: string): MethodSignature[] {
  const entry = typeEntry(typeId)
  const inputs = (entry?.type.inputFields ?? []).map((field) => [field, MEDIA[field]] as const)
  const returned = entry && returnedField(entry.type)
  if (!entry || entry.operator || !returned || inputs.length === 0 || inputs.some(([, type]) => !type)) return []
  const fields = inputs.map(([field, type]) =>
    argument(argumentOf(typeId, field), type!, `The ${field} to look at.`, entry.anyInput ? 'None' : undefined),
  )
  return [
    signature(
      Method.PREDICT,
      UNARY,
      entry.type.description,
      [...fields, ...settingsOf(entry.type)],
      RESULTS[returned](),
    ),
  ]
}

/** Parameters of a type that a call may set, by name. */
export function settableParams({ modelTypeFields }: ModelType): Map<string, ModelTypeField> {
  const fields = modelTypeFields.filter(
    ({ path, fieldType, internalOnly }) => path.startsWith(`${INFERENCE}.`) && SETTINGS.has(fieldType) && !internalOnly,
  )
  return new Map(fields.map((field) => [field.path.slice(INFERENCE.length + 1), field]))
}

function settingsOf(type: ModelType): ModelTypeField[] {
  return [...settableParams(type)].map(([name, { fieldType, defaultValue, description }]) => {
    const fallback = defaultValue === undefined ? '' : toJson(ValueSchema, defaultValue)
    const text = typeof fallback === 'string' ? fallback : JSON.stringify(fallback)
    const made = setting(name, SETTINGS.get(fieldType)!, description, text)
    return fieldType === Kind.ARRAY_OF_STRINGS ? list(made, DataType.STR) : made
  })
}

/**
 * A version as it is shown: ready ones that say nothing of methods have those of their type. The built-in models that
 * turn texts into texts are the ones that talk; what users bring of that type does not.
 */
export function withSignatures(typeId: string, version: ModelVersion): ModelVersion {
  if (version.methodSignatures.length === 0 && version.status?.code === StatusCode.MODEL_TRAINED) {
    const talks = typeId === 'text-to-text' && version.userId === CATALOGUE_USER
    version.methodSignatures = [...(talks ? chatSignatures(typeId) : localSignatures(typeId))]
  }
  return version
}
