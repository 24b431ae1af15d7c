import type { ModelType } from '../../contract/index.ts'
import type { TypeEntry } from './define.ts'
import { languageTypes } from './language.ts'
import { dataOperators } from './operators-data.ts'
import { pushOperators } from './operators-push.ts'
import { textOperators } from './operators-text.ts'
import { trackers } from './trackers.ts'
import { visualTypes } from './visual.ts'

export type { TypeEntry } from './define.ts'
export { checkParams, defaultParams, secretParams } from './params.ts'

const entries = new Map<string, TypeEntry>(
  [visualTypes, languageTypes, dataOperators, textOperators, pushOperators, trackers]
    .flat()
    .map((entry) => [entry.type.id, entry]),
)

/** Other names under which clients know a model type, by name. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['concept-threshold', 'concept-thresholder'],
  ['region-threshold', 'region-thresholder'],
  ['visual-anomaly', 'visual-anomaly-heatmap'],
  ['object-counter-operator', 'object-counter'],
  ['annotation-writer-operator', 'annotation-writer'],
  ['keyword-filter', 'keyword-filter-operator'],
  ['kalman-filter-tracker', 'kalman-filter-hungarian-tracker'],
  ['image-cropper', 'image-crop'],
  ['concept', 'visual-classifier'],
  ['embed', 'visual-embedder'],
  ['cluster', 'clusterer'],
  ['color', 'image-color-recognizer'],
  ['detect-concept', 'visual-detector'],
  ['detect-embed', 'visual-detector-embedder'],
  ['facedetect', 'visual-detector'],
])

/** All model types by id, in the order in which they are listed. Shared objects: do not change them. */
export const modelTypes: ReadonlyMap<string, ModelType> = new Map(
  [...entries].map(([id, entry]) => [id, entry.type] as const),
)

/** A model type with what the workflow engine knows of it, by id or another name of it. */
export const typeEntry = (id: string): TypeEntry | undefined => entries.get(id) ?? entries.get(ALIASES.get(id) ?? '')

/** Whether models of a type are workflow operators: without weights, trained as soon as created. */
export const isOperatorType = (id: string): boolean => typeEntry(id)?.operator ?? false
