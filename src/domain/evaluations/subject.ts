import { create, type JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Concept, EvaluationType, OutputConfigSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Compiled, compileSingle } from '../../workflow/compile/index.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { resolvedFor } from '../predict/language.ts'
import { ANSWERED_CONCEPTS_MAX } from './limits.ts'

export type Task = 'classification' | 'detection'

const TASKS: Readonly<Partial<Record<EvaluationType, Task>>> = {
  [EvaluationType.Classification]: 'classification',
  [EvaluationType.Detection]: 'detection',
}

/** What models of a type can be measured as; undefined when their answers are nothing that can be. */
export function taskOf(typeId: string): Task | undefined {
  const entry = typeEntry(typeId)
  if (!entry || entry.operator) return undefined
  const { evaluationType, outputFields } = entry.type
  const answersConcepts = evaluationType === EvaluationType.Undefined && outputFields.includes('concepts')
  return answersConcepts ? 'classification' : TASKS[evaluationType]
}

/** Whether a version is on its way to be trained, so that it can be evaluated afterwards. */
export const isInTraining = (code: number): boolean =>
  code === StatusCode.MODEL_QUEUED_FOR_TRAINING || code === StatusCode.MODEL_TRAINING

/**
 * Refuses a model that cannot be evaluated: of a kind that is not measured, without concepts, or not trained (with
 * `later` it may still be in training, and gets its concepts there).
 */
export function checkSubject({ modelId, modelTypeId, version }: FoundModel, later = false): void {
  if (taskOf(modelTypeId) === undefined) {
    throw new AppError(
      StatusCode.MODEL_INVALID_REQUEST,
      `The model '${modelId}' is of the type ${modelTypeId}, which cannot be evaluated; evaluate a classifier or a detector.`,
    )
  }
  if (later && isInTraining(version.status?.code ?? 0)) return
  if (version.status?.code !== StatusCode.MODEL_TRAINED) {
    throw new AppError(
      StatusCode.MODEL_UNTRAINED,
      `The version '${version.id}' of the model '${modelId}' is not trained; wait until its status is 21100.`,
    )
  }
  if (!version.outputInfo?.data?.concepts.length) {
    throw new AppError(
      StatusCode.MODEL_INVALID_REQUEST,
      `The version '${version.id}' of the model '${modelId}' has no concepts that could be compared with labels.`,
    )
  }
}

/** A model version that is ready to be evaluated. */
export interface Subject {
  readonly found: FoundModel
  readonly task: Task
  readonly concepts: readonly Concept[]
  readonly compiled: Compiled
  /** Of a linear head: what it computes with, and the version whose stored vectors it works on. */
  readonly head?: { readonly params: JsonObject; readonly embedderVersionId: string }
}

/** Prepares a model version. */
export async function subjectOf(call: Call, found: FoundModel): Promise<Subject> {
  checkSubject(found)
  const resolved = await resolvedFor(call, found, undefined)
  const params = found.version.outputInfo?.params ?? {}
  const embedder = found.baseEmbedder?.version.id
  const isHead = resolved.engine === 'embedding-classifier' && params.weights !== undefined && embedder !== undefined
  return {
    found,
    task: taskOf(found.modelTypeId)!,
    concepts: resolved.concepts,
    compiled: compileSingle(resolved, {
      outputConfig: create(OutputConfigSchema, { maxConcepts: ANSWERED_CONCEPTS_MAX, minValue: 0 }),
    }),
    ...(isHead && { head: { params, embedderVersionId: embedder } }),
  }
}

/** Places of concepts in the list of a model, by their ids, else by their names whatever the case. */
export class ConceptPlaces {
  readonly #ids: ReadonlyMap<string, number>
  readonly #names: ReadonlyMap<string, number>

  constructor(concepts: readonly Pick<Concept, 'id' | 'name'>[]) {
    this.#ids = new Map(concepts.map(({ id }, at) => [id, at]))
    this.#names = new Map(concepts.map(({ name }, at) => [name.toLowerCase(), at]))
  }

  of({ id, name }: Pick<Concept, 'id' | 'name'>): number | undefined {
    return this.#ids.get(id) ?? this.#names.get((name || id).toLowerCase())
  }
}
