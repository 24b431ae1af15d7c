import type { ModelVersion } from '../../contract/index.ts'
import type { Reader } from '../../store/database.ts'
import { newestTrainings } from '../../store/repos/model-trainings.ts'
import { processedInputs } from '../../store/repos/training-examples.ts'
import type { Call } from '../call.ts'
import { datasets } from '../datasets/resource.ts'
import { datasetVersions } from '../datasets/versions/resource.ts'
import { invalidModel } from '../models/checks.ts'
import type { ModelAt } from '../models/find.ts'
import { findRow } from '../resource/verbs.ts'
import { trainingKind } from './kinds.ts'
import { MEASURED_CELLS_MIN, MEASURED_TRAININGS_MAX, MEASURED_VECTORS_MIN, TRAINING_INPUTS_MAX } from './limits.ts'
import type { TrainingRecord } from './record.ts'
import { readSettings } from './settings.ts'

/** Starting the training process, reading and writing. */
const START_SECONDS = 0.5
/** One example and one concept, vectors of about a thousand numbers, where nothing has been measured yet. */
const CELL_SECONDS = 1e-5
/** Computing one vector that the app does not have; none is needed where its workflow has made them. */
const EMBEDDING_SECONDS = 0.03

/** What trainings have taken. */
interface Measured {
  readonly cellSeconds: number
  readonly embeddingSeconds: number
}

/** How long the latest trainings of a type have taken here; of smaller ones hardly anything but the start is seen. */
async function measured(db: Reader, modelTypeId: string): Promise<Measured> {
  const docs = await newestTrainings(db, modelTypeId, MEASURED_TRAININGS_MAX)
  const cells: number[] = []
  const vectors: number[] = []
  for (const doc of docs) {
    const { done } = JSON.parse(doc) as TrainingRecord
    if (!done || done.start?.unchanged) continue
    const { data, concepts, milliseconds } = done
    const count = data.examples * Math.max(1, concepts.length)
    if (count >= MEASURED_CELLS_MIN) cells.push(milliseconds.training / 1_000 / count)
    const { computed = 0 } = data
    if (computed >= MEASURED_VECTORS_MIN) vectors.push(milliseconds.gathering / 1_000 / computed)
  }
  return { cellSeconds: middle(cells) ?? CELL_SECONDS, embeddingSeconds: middle(vectors) ?? EMBEDDING_SECONDS }
}

const middle = (values: number[]): number | undefined => values.sort((a, b) => a - b)[values.length >> 1]

/**
 * How long trainings would take, in whole seconds from 1 on: as long as the latest ones of the type have taken here, or
 * without any as on a machine with two cores. Without a count it is that of the dataset version, else of the app's
 * inputs.
 */
export async function estimateTrainings(
  call: Call,
  { row, place }: ModelAt,
  versions: readonly ModelVersion[],
  givenCount: number,
): Promise<number[]> {
  const kind = trainingKind(row.model_type_id)
  if (!kind) throw invalidModel(`Models of the type ${row.model_type_id} are not trained here.`)
  if (versions.length === 0) throw invalidModel('The request has no model_versions; send those that you would train.')
  const { read } = call.services.db
  const { cellSeconds, embeddingSeconds } = await measured(read, row.model_type_id)
  return Promise.all(
    versions.map(async (version) => {
      const { datasetId, datasetVersionId } = readSettings(version)
      let count = givenCount
      if (count === 0 && datasetId !== '' && datasetVersionId !== '') {
        const dataset = await findRow(datasets, read, place.app, datasetId, call)
        count = (await findRow(datasetVersions, read, dataset, datasetVersionId, call)).inputs_count
      }
      if (count === 0) count = (await processedInputs(read, place.app.pk, TRAINING_INPUTS_MAX)).length
      const concepts = Math.max(1, version.outputInfo?.data?.concepts.length ?? 0)
      const embedding = kind.medium === 'embeddings' ? 0 : embeddingSeconds
      return Math.max(1, Math.ceil(START_SECONDS + count * (concepts * cellSeconds + embedding)))
    }),
  )
}
