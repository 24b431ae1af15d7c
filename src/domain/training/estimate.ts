import type { ModelVersion } from '../../contract/index.ts'
import { processedInputs } from '../../store/repos/training-examples.ts'
import type { Call } from '../call.ts'
import { datasets } from '../datasets/resource.ts'
import { datasetVersions } from '../datasets/versions/resource.ts'
import { invalidModel } from '../models/checks.ts'
import type { ModelAt } from '../models/find.ts'
import { findRow } from '../resource/verbs.ts'
import { trainingKind } from './kinds.ts'
import { TRAINING_INPUTS_MAX } from './limits.ts'
import { readSettings } from './settings.ts'

/** Starting the training process, reading and writing. */
const START_SECONDS = 0.5
/** One example and one concept, vectors of about a thousand numbers. */
const CELL_SECONDS = 1e-5
/** Computing one vector that the app does not have; none is needed where its workflow has made them. */
const EMBEDDING_SECONDS = 0.03

/**
 * How long trainings would take, in whole seconds from 1 on, on a machine like the one that the figures were measured on
 * (two cores). Without a count it is that of the dataset version, else of the app's inputs.
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
      const embedding = kind.medium === 'embeddings' ? 0 : EMBEDDING_SECONDS
      return Math.max(1, Math.ceil(START_SECONDS + count * (concepts * CELL_SECONDS + embedding)))
    }),
  )
}
