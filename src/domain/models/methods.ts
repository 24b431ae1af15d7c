import { create } from '@bufbuild/protobuf'
import {
  ModelTypeField_DataType as DataType,
  type MethodSignature,
  MethodSignatureSchema,
  type ModelTypeField,
  ModelTypeFieldSchema,
  RunnerMethodType,
} from '../../contract/index.ts'
import { CHAT_TYPES, OPENAI_TYPES } from '../../remote/served-types.ts'

/** Types of models that callers of the OpenAI interface can ask. */
export const OPENAI_MODEL_TYPES = OPENAI_TYPES

/** Methods with which clients call models that talk, by their names in the original. */
export const Method = {
  PREDICT: 'predict',
  GENERATE: 'generate',
  OPENAI: 'openai_transport',
  OPENAI_STREAM: 'openai_stream_transport',
  /** Asks for the signatures themselves. */
  SIGNATURES: '_GET_SIGNATURES',
} as const

/** How a method answers that is called once. */
export const UNARY = RunnerMethodType.UNARY_UNARY

/** An argument that is content. */
export const argument = (name: string, type: DataType, description: string, fallback?: string): ModelTypeField =>
  create(ModelTypeFieldSchema, {
    name,
    type,
    description,
    required: fallback === undefined,
    ...(fallback === undefined ? {} : { default: fallback }),
  })

/** An argument that sets how the model works. */
export const setting = (name: string, type: DataType, description: string, fallback: string): ModelTypeField => ({
  ...argument(name, type, description, fallback),
  isParam: true,
})

/** What a method returns. */
export const result = (type: DataType, iterator = false): ModelTypeField =>
  create(ModelTypeFieldSchema, { name: 'return', type, required: true, iterator })

/** A field as a list of things of a type. */
export const list = (field: ModelTypeField, of: DataType): ModelTypeField => ({
  ...field,
  typeArgs: [create(ModelTypeFieldSchema, { name: `${field.name}_item`, type: of })],
})

const chatArguments = (): ModelTypeField[] => [
  argument('prompt', DataType.STR, 'What the user says.', ''),
  argument('image', DataType.IMAGE, 'A picture that goes with it.', 'None'),
  list(argument('images', DataType.LIST, 'Further pictures.', '[]'), DataType.IMAGE),
  argument('chat_history', DataType.JSON_DATA, 'Earlier messages: a list of {role, content}.', '[]'),
  setting('system_prompt', DataType.STR, 'Put before everything else.', ''),
  setting('max_tokens', DataType.INT, 'Longest answer, in tokens.', '512'),
  setting('temperature', DataType.FLOAT, 'How freely the model varies.', '0.7'),
  setting('top_p', DataType.FLOAT, 'Share of probability that is sampled from.', '0.95'),
]

const message = (): ModelTypeField[] => [
  argument('msg', DataType.STR, 'A request of the OpenAI interface as JSON; openai_endpoint names its path.'),
]

/** The methods of a remote version with the interface of OpenAI; none for types that do not talk. */
export function chatSignatures(typeId: string): MethodSignature[] {
  if (!CHAT_TYPES.includes(typeId)) return []
  const [unary, stream] = [RunnerMethodType.UNARY_UNARY, RunnerMethodType.UNARY_STREAMING]
  return [
    signature(Method.PREDICT, unary, 'Answers with the whole text.', chatArguments(), result(DataType.STR)),
    signature(Method.GENERATE, stream, 'Answers piece by piece.', chatArguments(), result(DataType.STR, true)),
    signature(Method.OPENAI, unary, 'Passes a request on.', message(), result(DataType.STR)),
    signature(Method.OPENAI_STREAM, stream, 'Passes a request on.', message(), result(DataType.STR, true)),
  ]
}

/** Puts a signature together. */
export const signature = (
  name: string,
  methodType: RunnerMethodType,
  description: string,
  inputFields: ModelTypeField[],
  output: ModelTypeField,
): MethodSignature =>
  create(MethodSignatureSchema, { name, methodType, description, inputFields, outputFields: [output] })
