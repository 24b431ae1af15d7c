import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Input, InputSchema } from '../../contract/index.ts'
import { Kind } from '../../workflow/model-types/field.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { argumentOf, localSignatures, returnedField, settableParams } from '../models/local-methods.ts'
import { invalid, type MethodArgs } from './method-args.ts'

/** A call of `predict` of a model that runs here, as a plain prediction. */
export interface LocalCall {
  readonly input: Input
  /** Parameters that the call sets. */
  readonly params: JsonObject
}

/** Reads the arguments of `predict`. Throws AppError 40001 for those that the model does not have or that are none. */
export function readLocalCall(typeId: string, given: Input, args: MethodArgs): LocalCall | undefined {
  const entry = typeEntry(typeId)
  if (!entry || localSignatures(typeId).length === 0) return undefined
  // Clients may write the first argument where data without methods have it.
  if (args.names.length === 0) return { input: given, params: {} }
  const settable = settableParams(entry.type)
  const fields = new Map(entry.type.inputFields.map((field) => [argumentOf(typeId, field), field]))
  const data = create(DataSchema)
  const params: JsonObject = {}
  for (const name of args.names) {
    const field = fields.get(name)
    const param = settable.get(name)
    if (!field && !param) {
      throw invalid(`The method has no argument '${name}' but ${[...fields.keys(), ...settable.keys()].join(', ')}.`)
    }
    if (field === 'text') {
      const raw = args.text(name)
      if (raw !== undefined) data.text = create(DataSchema, { text: { raw } }).text
    } else if (field === 'image') {
      data.image = args.data(name)!.image
    } else if (field === 'audio') {
      data.audio = args.data(name)!.audio
    }
    const value = param && readParam(param.fieldType, name, args)
    if (value !== undefined) params[name] = value
  }
  return { input: create(InputSchema, { id: given.id, data }), params }
}

function readParam(kind: Kind, name: string, args: MethodArgs): JsonValue | undefined {
  if (kind === Kind.NUMBER || kind === Kind.RANGE) return args.number(name)
  if (kind === Kind.BOOLEAN) return args.data(name)!.boolValue || args.text(name) === 'true'
  return kind === Kind.ARRAY_OF_STRINGS ? args.texts(name) : args.text(name)
}

/** What a prediction has found as the one part that a method returns. */
export function returnedPart(typeId: string, found: Data): Data {
  const field = returnedField(typeEntry(typeId)!.type)
  const vector = found.embeddings[0]?.vector
  const data = create(DataSchema)
  if (field === 'embeddings' && vector) {
    const buffer = new Uint8Array(Float32Array.from(vector).buffer)
    return part(create(DataSchema, { ndarray: { buffer, shape: [vector.length], dtype: 'float32' } }))
  }
  if (field === 'text') data.stringValue = found.text?.raw ?? ''
  else if (field) Object.assign(data, { [field]: found[field] })
  return part(data)
}

const part = (data: Data): Data => create(DataSchema, { parts: [{ id: 'return', data }] })
