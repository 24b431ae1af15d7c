import { create } from '@bufbuild/protobuf'
import { wordsOf } from '../../base/words.ts'
import { type Concept, ConceptSchema, type Data, type Embedding, EmbeddingSchema } from '../../contract/index.ts'
import { SHAPES } from '../../store/data-bits.ts'
import { termsOf } from '../../store/repos/annotation-terms.ts'
import type { DerivedRows } from '../../store/repos/annotations.ts'
import { textWords } from '../../store/repos/texts.ts'
import { shapesOfRegion } from './shapes.ts'
import { walk } from './walk.ts'

/** Finds the row of a concept; undefined for one that is not kept, which searches then cannot find. */
export type ConceptPk = (concept: Concept) => number | undefined

/** Everything that the store keeps of an annotation's data beside its document. */
export interface Derived extends DerivedRows {
  readonly shapes: number
}

/** Reads from data what searches need of them; `vectorsBy` is the pk of the model version that made the vectors. */
export function derive(data: Data, conceptPk: ConceptPk, vectorsBy: number): Derived {
  const best = new Map<string, { concept_pk: number; place: number; value: number }>()
  const embeddings: DerivedRows['embeddings'][number][] = []
  const texts: string[] = []
  let shapes = 0
  for (const { data: part, place, regionId } of walk(data)) {
    shapes |= shapesOf(part)
    if (part.text?.raw) texts.push(part.text.raw)
    for (const concept of part.concepts) {
      const pk = conceptPk(concept)
      if (pk === undefined) continue
      const key = `${pk} ${place}`
      const before = best.get(key)
      if (!before || before.value < concept.value) best.set(key, { concept_pk: pk, place, value: concept.value })
    }
    for (const { vector } of part.embeddings) {
      const bytes = new Uint8Array(Float32Array.from(vector).buffer)
      embeddings.push({ model_version_pk: vectorsBy, region_id: regionId, dimension: vector.length, vector: bytes })
    }
  }
  const point = data.geo?.geoPoint
  const geo = point && { longitude: point.longitude, latitude: point.latitude }
  const text = texts.length > 0 ? textWords(wordsOf(texts.join('\n'))) : undefined
  return { shapes, concepts: [...best.values()], geo, embeddings, text, terms: termsOf(data) }
}

function shapesOf(data: Data): number {
  let shapes = 0
  if (data.concepts.length > 0) shapes |= SHAPES.tags
  if (data.metadata) shapes |= SHAPES.metadata
  if (data.geo) shapes |= SHAPES.geo
  if (data.text) shapes |= SHAPES.text
  if (data.embeddings.length > 0) shapes |= SHAPES.embeddings
  if (data.clusters.length > 0) shapes |= SHAPES.clusters
  if (data.frames.length > 0) shapes |= SHAPES.frame
  if (data.timeSegments.length > 0) shapes |= SHAPES.time_segment
  if (data.tracks.length > 0) shapes |= SHAPES.track
  for (const region of data.regions) {
    if (region.trackId !== '') shapes |= SHAPES.track
    shapes |= shapesOfRegion(region)
  }
  return shapes
}

/**
 * Does `work` while data are as documents keep them: without vectors, which leave an empty one in their place, and
 * with the app's own concepts by id and value alone, as they can be renamed. Afterwards the data are whole again; a
 * copy would have to copy the vectors too.
 */
export function whileLean<T>(data: Data, work: () => T): T {
  const undo: (() => void)[] = []
  for (const { data: part } of walk(data)) {
    const { embeddings, concepts } = part
    if (embeddings.length > 0) part.embeddings = embeddings.map(withoutVector)
    if (concepts.length > 0) part.concepts = concepts.map(leanConcept)
    undo.push(() => Object.assign(part, { embeddings, concepts }))
  }
  try {
    return work()
  } finally {
    for (const back of undo) back()
  }
}

const withoutVector = (embedding: Embedding): Embedding =>
  create(EmbeddingSchema, { numDimensions: embedding.numDimensions || embedding.vector.length })

/** Whether a concept is one of the app that the annotation is in. */
export const isOwnConcept = ({ appId, userId }: Concept): boolean => appId === '' && userId === ''

const leanConcept = (concept: Concept): Concept => {
  const { id, value, name, appId, userId } = concept
  return create(ConceptSchema, isOwnConcept(concept) ? { id, value } : { id, value, name, appId, userId })
}

/** Puts vectors back to their places, given in the order of their storing. */
export function restoreVectors(data: Data, vectors: readonly Uint8Array[]): void {
  let next = 0
  for (const { data: part } of walk(data)) {
    for (const embedding of part.embeddings) {
      const bytes = vectors[next++]
      // A copy, as the bytes of a row may lie anywhere in a larger buffer.
      if (bytes) embedding.vector = [...new Float32Array(Uint8Array.from(bytes).buffer)]
    }
  }
}
