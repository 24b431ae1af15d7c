import { type Input, ModelVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { pageOfLabelledInputs } from '../../store/repos/labelled-inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { inputPlace } from '../inputs/caller.ts'
import { presentInputs } from '../inputs/present.ts'
import type { PageWindow } from '../resource/paging.ts'
import type { ModelAt } from './find.ts'

/**
 * One page of the inputs that a version was or would be trained on, the newest first: those of its app, or of the
 * dataset that it names, that people had labelled with one of its concepts when it was made. A model file that was
 * brought has learnt elsewhere, and inputs of other apps are not shown.
 */
export async function trainingInputs(
  call: Call,
  { place }: ModelAt,
  row: Row<'model_versions'>,
  window: PageWindow,
): Promise<Input[]> {
  const version = decodeDoc(ModelVersionSchema, row.doc)
  if (place.app.pk !== call.target.app?.pk || version.pretrainedModelConfig) return []
  const named = version.trainInfo?.dataset?.id || version.trainInfo?.params?.dataset_id
  const datasetId = typeof named === 'string' && named !== '' ? named : undefined
  const { read } = call.services.db
  const wanted = { appPk: place.app.pk, versionPk: row.pk, until: row.created_at, datasetId }
  return presentInputs(read, inputPlace(call), await pageOfLabelledInputs(read, wanted, window))
}
