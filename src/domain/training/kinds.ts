import type { JsonObject } from '@bufbuild/protobuf'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import type { ModelRef } from '../models/resolve.ts'

/** How models of a type are trained here. */
export interface TrainingKind {
  /** What is computed from the vectors. */
  readonly task: 'head' | 'clusters' | 'projection'
  /** Which labels are examples. */
  readonly places: 'whole' | 'regions' | 'both'
  /** What the vectors are made of; models that bring their own embedder have `embeddings`. */
  readonly medium: 'embeddings' | 'image' | 'text'
  /** The embedder where neither the version nor the app's default workflow names one. */
  readonly backbone?: ModelRef
}

const catalogue = (modelId: string): ModelRef => ({ userId: CATALOGUE_USER, appId: CATALOGUE_APP, modelId })

const KINDS: Readonly<Record<string, TrainingKind>> = {
  'embedding-classifier': { task: 'head', places: 'both', medium: 'embeddings' },
  'visual-classifier': {
    task: 'head',
    places: 'whole',
    medium: 'image',
    backbone: catalogue('general-image-embedding'),
  },
  clusterer: { task: 'clusters', places: 'whole', medium: 'embeddings' },
  'visual-embedder': {
    task: 'projection',
    places: 'whole',
    medium: 'image',
    backbone: catalogue('general-image-embedding'),
  },
  'text-classifier': {
    task: 'head',
    places: 'whole',
    medium: 'text',
    backbone: catalogue('multilingual-text-embedding'),
  },
}

/** How models of a type are trained; undefined for types whose training is not built. */
export const trainingKind = (typeId: string): TrainingKind | undefined => KINDS[typeId]

/** Parameters without which a version was not trained here, and the engine that runs those that were, by the task. */
const ENGINES = {
  head: { needs: 'weights', engine: 'embedding-classifier' },
  projection: { needs: 'projection', engine: 'projection' },
  clusters: { needs: 'centres', engine: 'clusterer' },
} as const

/** The engine that runs a version of a type that was trained here, on the vectors of its base embedder. */
export function engineOfTrained(typeId: string, params: JsonObject | undefined): string | undefined {
  const kind = KINDS[typeId]
  const found = kind && ENGINES[kind.task]
  return found && params?.[found.needs] !== undefined ? found.engine : undefined
}
