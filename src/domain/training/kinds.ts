import type { JsonObject } from '@bufbuild/protobuf'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { engineWeights } from '../../engines/registry.ts'
import type { ResolvedModel } from '../../workflow/compile/index.ts'
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
  /** No other embedder than the backbone will do, since the engine has it built in. */
  readonly isFixed?: boolean
  /** Boxes are examples, together with windows that show them and windows that do not. */
  readonly anchors?: boolean
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
  'visual-detector': {
    task: 'head',
    places: 'regions',
    medium: 'image',
    backbone: catalogue('general-image-embedding'),
    isFixed: true,
    anchors: true,
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

/**
 * What runs a version of a type that was trained here: an engine on the vectors of the base embedder, or one that has
 * its embedder built in.
 */
export function engineOfTrained(
  typeId: string,
  params: JsonObject | undefined,
): Pick<ResolvedModel, 'engine' | 'weights' | 'inputFields'> | undefined {
  const kind = KINDS[typeId]
  const found = kind && ENGINES[kind.task]
  if (!found || params?.[found.needs] === undefined) return undefined
  if (kind.anchors) return { engine: WINDOW_DETECTOR, weights: engineWeights(WINDOW_DETECTOR) }
  return { engine: found.engine, weights: [], inputFields: ['embeddings'] }
}

const WINDOW_DETECTOR = 'window-detector'
