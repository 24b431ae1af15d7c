import { create } from '@bufbuild/protobuf'
import { AnnotationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { ensureConcepts } from '../../src/domain/annotations/concepts.ts'
import { type AnnotationDraft, storeAnnotations } from '../../src/domain/annotations/store.ts'
import { INPUT_KINDS } from '../../src/store/data-bits.ts'
import { addInputs } from '../../src/store/repos/inputs.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { seededRandom } from '../../src/training/random.ts'
import type { DataPlane } from './data-plane.ts'

/** Version of `general-image-embedding`, whose vectors the examples have. */
export const EMBEDDER = {
  id: 'general-image-embedding',
  userId: 'clarifai',
  appId: 'main',
  modelVersion: { id: 'bb186755eda04f9cbb6fe32e816be104' },
}

const PART = 250

/** Examples in overlapping clouds, one for each concept: vectors row by row; example `n` has the concept n mod `concepts`. */
export function clouds(examples: number, dims: number, concepts: number): Float32Array {
  const random = seededRandom(examples + dims)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const centres = Float32Array.from({ length: concepts * dims }, normal)
  const vectors = new Float32Array(examples * dims)
  for (let row = 0; row < examples; row++) {
    const from = (row % concepts) * dims
    for (let at = 0; at < dims; at++) vectors[row * dims + at] = 0.5 + 0.12 * centres[from + at]! + normal()
  }
  return vectors
}

/**
 * Puts inputs with stored vectors into the app of a data plane, as they are after processing; those from `unlabelled` on
 * without a label.
 */
export async function putExamples(
  plane: DataPlane,
  vectors: Float32Array,
  dims: number,
  concepts: number,
  unlabelled: number = vectors.length / dims,
) {
  const { db, clock } = plane.services
  const [vectorsBy] = await versionPksOf(db.read, EMBEDDER.modelVersion.id)
  const examples = vectors.length / dims
  for (let start = 0; start < examples; start += PART) {
    const rows = Array.from({ length: Math.min(PART, examples - start) }, (_, at) => start + at)
    await db.transact(async (tx) => {
      const now = clock.now()
      const base = { app_pk: plane.appPk, kinds: INPUT_KINDS.image, status_details: '', add_job_pk: null }
      const pks = await addInputs(
        tx,
        rows.map((row) => ({
          ...base,
          id: `in-${row}`,
          status_code: StatusCode.INPUT_SUCCESS,
          doc: '{}',
          created_at: now,
          modified_at: now,
        })),
      )
      const messages = rows.flatMap((row) => [
        create(AnnotationSchema, {
          data: { concepts: row < unlabelled ? [{ id: `concept-${row % concepts}`, value: 1 }] : [] },
        }),
        create(AnnotationSchema, {
          data: { embeddings: [{ vector: [...vectors.subarray(row * dims, (row + 1) * dims)] }] },
        }),
      ])
      const place = { appPk: plane.appPk, appId: '', userId: '', mayAddConcepts: () => {} }
      const conceptPk = await ensureConcepts(
        tx,
        place,
        messages.flatMap(({ data }) => data ?? []),
        now,
      )
      const drafts = messages.map(
        (message, at): AnnotationDraft => ({
          appPk: plane.appPk,
          inputPk: pks.get(`in-${rows[at >> 1]}`)!,
          message,
          worker: { kind: 'user', id: 'admin', pk: null },
          statusCode: StatusCode.ANNOTATION_SUCCESS,
          trusted: at % 2 === 0,
          conceptPk,
          ...(at % 2 === 1 && vectorsBy !== undefined && { vectorsBy }),
        }),
      )
      await storeAnnotations(tx, drafts, now)
    })
  }
}
