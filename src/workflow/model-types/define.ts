import { create } from '@bufbuild/protobuf'
import { EvaluationType, type ModelType, type ModelTypeField, ModelTypeSchema } from '../../contract/index.ts'
import { expectedLayers } from './expected-layers.ts'

export { EvaluationType }

/** A model type as this program knows it: what callers see of it, and how the workflow engine treats it. */
export interface TypeEntry {
  readonly type: ModelType
  /** A workflow operator: has no weights, is ready when created, and its concepts are not limited or sorted. */
  readonly operator: boolean
  /** One of the input fields is enough. */
  readonly anyInput: boolean
  /** Running it twice on the same data is not the same as running it once. */
  readonly random: boolean
  /** What it gets is handed to the server after the run, which acts on the world (domain/effects). */
  readonly acts: boolean
  /** Weights that an operator's engine needs; learned models name their own. */
  readonly weights: readonly string[]
  /** Done by the server itself, which may look into apps; workers may not. */
  readonly served: boolean
  /** Why models of this type cannot run here, as a sentence; they can be made and stored all the same. */
  readonly unavailable?: string
  /** What models of this type do not do yet, as a sentence. */
  readonly lacks?: string
}

/** How a model type is written down in the catalogue. */
export interface TypeSpec {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly fields?: readonly ModelTypeField[]
  readonly trainable?: boolean
  /** Users may create models of it; true unless said. */
  readonly creatable?: boolean
  readonly operator?: boolean
  readonly anyInput?: boolean
  readonly random?: boolean
  readonly acts?: boolean
  readonly sequential?: boolean
  readonly weights?: readonly string[]
  readonly served?: boolean
  readonly unavailable?: string
  readonly lacks?: string
  readonly evaluation?: EvaluationType
}

/** Makes the entry of a model type. */
export function define(spec: TypeSpec): TypeEntry {
  const type = create(ModelTypeSchema, {
    id: spec.id,
    title: spec.title,
    description: spec.unavailable ? `${spec.description} Not available here: ${spec.unavailable}` : spec.description,
    inputFields: [...spec.input],
    outputFields: [...spec.output],
    trainable: spec.trainable ?? false,
    creatable: spec.creatable ?? true,
    modelTypeFields: [...(spec.fields ?? [])],
    requiresSequentialFrames: spec.sequential ?? false,
    evaluationType: spec.evaluation ?? EvaluationType.Undefined,
    ...expectedLayers(spec.id),
  })
  return {
    type,
    operator: spec.operator ?? false,
    anyInput: spec.anyInput ?? false,
    random: spec.random ?? false,
    acts: spec.acts ?? false,
    weights: spec.weights ?? [],
    served: spec.served ?? false,
    ...(spec.unavailable ? { unavailable: spec.unavailable } : {}),
    ...(spec.lacks ? { lacks: spec.lacks } : {}),
  }
}

/** Makes the entry of a workflow operator. */
export const operator = (spec: TypeSpec): TypeEntry => define({ ...spec, operator: true })
