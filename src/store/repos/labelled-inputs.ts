import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'
import { GONE } from './inputs.ts'

/** Which inputs a model version could learn from. */
export interface LabelledInputs {
  readonly appPk: number
  readonly versionPk: number
  /** Only labels that were there then. */
  readonly until: Micros
  /** Only inputs of this dataset. */
  readonly datasetId?: string
}

/** One page of the inputs of an app that people have labelled with a concept of a model version, the newest first. */
export function pageOfLabelledInputs(
  db: Reader,
  { appPk, versionPk, until, datasetId }: LabelledInputs,
  window: { readonly limit: number; readonly offset: number },
): Promise<Row<'inputs'>[]> {
  const labelled = db
    .selectFrom('annotation_concepts')
    .innerJoin('annotations', 'annotations.pk', 'annotation_concepts.annotation_pk')
    .innerJoin('model_version_concepts', 'model_version_concepts.concept_pk', 'annotation_concepts.concept_pk')
    .select('annotation_concepts.input_pk')
    .where('annotation_concepts.app_pk', '=', appPk)
    .where('model_version_concepts.version_pk', '=', versionPk)
    .where('annotations.status_code', '=', StatusCode.ANNOTATION_SUCCESS)
    .where(isOne('trusted'))
    .where('annotations.created_at', '<=', until)
  const members = db
    .selectFrom('dataset_inputs')
    .innerJoin('datasets', 'datasets.pk', 'dataset_inputs.dataset_pk')
    .select('dataset_inputs.input_pk')
    .where('datasets.app_pk', '=', appPk)
    .where('datasets.id', '=', datasetId ?? '')
  let page = db.selectFrom('inputs').selectAll().where('app_pk', '=', appPk).where('status_code', '!=', GONE)
  page = page.where('pk', 'in', labelled)
  if (datasetId !== undefined) page = page.where('pk', 'in', members)
  return page.orderBy('created_at', 'desc').orderBy('pk', 'desc').limit(window.limit).offset(window.offset).execute()
}
