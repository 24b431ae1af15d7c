import { create } from '@bufbuild/protobuf'
import {
  type AnnotationFilter,
  AnnotationFilterConfigSchema,
  AnnotationFilterSchema,
  type Dataset,
  DatasetSchema,
  type DatasetVersion,
  DatasetVersionRequestOrigin,
  ModelPredictConfigSchema,
  ModelSchema,
} from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Reader } from '../../../store/database.ts'
import { annotationFilters as filterRows, datasetVersions as rows } from '../../../store/repos/families.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { annotationFilters } from '../../annotation-filters/resource.ts'
import type { Call } from '../../call.ts'
import { insertOne, missing, toStored } from '../../resource/verbs.ts'
import { buildVersionJob } from './build-job.ts'
import { modelOfConfig } from './predictions.ts'
import { datasetVersions } from './resource.ts'
import { filtersOf, selectionOf } from './selection.ts'

/** Makes versions of a dataset, all or none: they are written down at once and filled by a job. */
export async function createVersions(
  call: Call,
  dataset: Row<'datasets'>,
  given: readonly DatasetVersion[],
  origin: DatasetVersionRequestOrigin = DatasetVersionRequestOrigin.MANUAL,
): Promise<Row<'dataset_versions'>[]> {
  const { db, jobs, clock } = call.services
  const pinned = await Promise.all(given.map((version) => pinModel(call, version)))
  return db.transact(async (tx) => {
    const defaults = decodeDoc(DatasetSchema, dataset.doc)
    const made: Row<'dataset_versions'>[] = []
    for (const wanted of pinned) {
      const version = { ...wanted }
      version.dataConfig = await dataConfigOf(tx, dataset.app_pk, wanted, defaults)
      version.processingInfo = processingOf(wanted, defaults)
      const extra = {
        status_code: StatusCode.DATASET_VERSION_PENDING,
        status_details: '',
        request_origin: origin,
        inputs_count: 0,
        job_id: '',
      }
      const row = await insertOne(datasetVersions, call, dataset, version, tx, extra)
      const jobId = await jobs.enqueue(tx, buildVersionJob, { versionPk: row.pk }, { appPk: dataset.app_pk })
      made.push(await rows.update(tx, row, { job_id: jobId }, clock.now()))
    }
    return made
  })
}

/** A version of predictions says for ever which version of the model made them. */
async function pinModel(call: Call, version: DatasetVersion): Promise<DatasetVersion> {
  const { dataConfig } = version
  if (dataConfig.case !== 'modelPredictConfig') return version
  const { modelId: id, userId, appId, modelTypeId, version: of } = await modelOfConfig(call, dataConfig.value.model)
  const model = create(ModelSchema, { id, userId, appId, modelTypeId, modelVersion: { id: of.id } })
  const value = create(ModelPredictConfigSchema, { model })
  return { ...version, dataConfig: { case: 'modelPredictConfig', value } }
}

/** A version keeps a copy of its filter, so that it says for ever how it was made. */
async function dataConfigOf(
  reader: Reader,
  appPk: number,
  { dataConfig }: DatasetVersion,
  defaults: Dataset,
): Promise<DatasetVersion['dataConfig']> {
  if (dataConfig.case === 'modelPredictConfig') return dataConfig
  const given = dataConfig.case === 'annotationFilterConfig' ? dataConfig.value : undefined
  const annotationFilter = await copyOfFilter(
    reader,
    appPk,
    given?.annotationFilter ?? defaults.defaultAnnotationFilter,
  )
  selectionOf(appPk, filtersOf(annotationFilter))
  const ignoreEmptyInputs = given?.ignoreEmptyInputs ?? false
  const value = create(AnnotationFilterConfigSchema, { annotationFilter, ignoreEmptyInputs })
  return { case: 'annotationFilterConfig', value }
}

async function copyOfFilter(
  reader: Reader,
  appPk: number,
  named: AnnotationFilter | undefined,
): Promise<AnnotationFilter | undefined> {
  if (!named) return undefined
  if (named.id === '') return named.search ? create(AnnotationFilterSchema, { search: named.search }) : undefined
  const row = await filterRows.get(reader, appPk, named.id)
  if (!row) throw missing(annotationFilters, named.id)
  return toStored(annotationFilters, row).message
}

/** Without processing of its own a version has that of the dataset now; its own may say that there is none. */
function processingOf(
  { processingInfo }: DatasetVersion,
  { defaultProcessingInfo }: Dataset,
): DatasetVersion['processingInfo'] {
  if (!processingInfo) return defaultProcessingInfo
  const own = processingInfo.frameInterpolationInfo
  const usual = defaultProcessingInfo?.frameInterpolationInfo
  if (own && own.sampleMs === 0 && usual) own.sampleMs = usual.sampleMs
  return processingInfo
}
