import { StatusCode } from '../../src/contract/index.ts'
import { CONCEPT_PLACES, INPUT_KINDS } from '../../src/store/data-bits.ts'
import { conceptsById } from '../../src/store/repos/concept-pks.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { seededRandom } from '../../src/training/random.ts'
import type { DataPlane } from './data-plane.ts'
import { EMBEDDER } from './labelled.ts'

const PER_TRANSACTION = 5_000

/** Adds labelled inputs to the app of a data plane, each with a vector of one number for each concept, the label's largest. */
export async function putScored(
  plane: DataPlane,
  from: number,
  to: number,
  concepts: readonly string[],
): Promise<void> {
  const { services, appPk } = plane
  const { db } = services
  const [versionPk] = await versionPksOf(db.read, EMBEDDER.modelVersion.id)
  const pks = await conceptsById(db.read, appPk, concepts)
  const random = seededRandom(from + 1)
  const times = { created_at: 1, modified_at: 1, app_pk: appPk }
  for (let start = from; start < to; start += PER_TRANSACTION) {
    const numbers = Array.from({ length: Math.min(PER_TRANSACTION, to - start) }, (_, at) => start + at)
    await db.transact(async (tx) => {
      const input = {
        ...times,
        kinds: INPUT_KINDS.image,
        status_code: StatusCode.INPUT_SUCCESS,
        status_details: '',
        add_job_pk: null,
        doc: '{}',
      }
      const inputs = await insertRows(
        tx,
        'inputs',
        numbers.map((n) => ({ ...input, id: `in-${n}` })),
        ['pk', 'id'],
      )
      const labelOf = ({ id }: { readonly id: string }): number => Number(id.slice('in-'.length)) % concepts.length
      const annotation = {
        ...times,
        worker_kind: 'user' as const,
        worker_id: 'admin',
        worker_pk: null,
        status_code: StatusCode.ANNOTATION_SUCCESS,
        trusted: 1 as const,
        input_level: 1 as const,
        task_id: '',
        track_id: '',
        shapes: 1,
      }
      const annotations = await insertRows(
        tx,
        'annotations',
        inputs.map((one) => ({
          ...annotation,
          id: one.id,
          input_pk: one.pk,
          doc: JSON.stringify({ data: { concepts: [{ id: concepts[labelOf(one)], value: 1 }] } }),
        })),
        ['pk', 'input_pk', 'id'],
      )
      const places = annotations.map((one) => ({ app_pk: appPk, input_pk: one.input_pk, annotation_pk: one.pk }))
      await insertRows(
        tx,
        'annotation_concepts',
        annotations.map((one, at) => ({
          ...places[at]!,
          concept_pk: pks.get(concepts[labelOf(one)]!)!.pk,
          place: CONCEPT_PLACES.whole,
          value: 1,
        })),
        [],
      )
      await insertRows(
        tx,
        'embeddings',
        annotations.map((one, at) => {
          const vector = Float32Array.from(concepts, (_, place) => random() + (place === labelOf(one) ? 0.5 : 0))
          const bytes = new Uint8Array(vector.buffer)
          return {
            ...places[at]!,
            model_version_pk: versionPk!,
            region_id: '',
            dimension: vector.length,
            vector: bytes,
          }
        }),
        [],
      )
    })
  }
}
