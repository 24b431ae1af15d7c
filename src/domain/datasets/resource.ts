import { create } from '@bufbuild/protobuf'
import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { AnnotationFilterSchema, type Dataset, DatasetSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { releaseVersions, versionPksOfDatasets } from '../../store/repos/dataset-versions.ts'
import { annotationFilters as filterRows, datasets as rows } from '../../store/repos/families.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { dropTraces } from '../../store/repos/traces.ts'
import { requireApp } from '../access/target.ts'
import { annotationFilters } from '../annotation-filters/resource.ts'
import type { Call } from '../call.ts'
import { checkImage, checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource, type Stored } from '../resource/define.ts'
import { missing, toStored } from '../resource/verbs.ts'
import { invalidDataset } from './problem.ts'
import { checkProcessing } from './processing.ts'

const INVALID = StatusCode.CONN_INVALID_REQUEST

/** Datasets: named sets of an app's inputs, of which versions are frozen. */
export const datasets = defineResource({
  kind: 'dataset',
  desc: DatasetSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'dataset', INVALID),
  serverFields: ['user_id', 'app_id', 'created_at', 'modified_at', 'version', 'is_starred', 'star_count'],
  patch: {
    actions: ['overwrite', 'merge', 'remove'],
    removes: 'image',
    fields: [
      'description',
      'metadata',
      'notes',
      'image',
      'visibility',
      'default_annotation_filter',
      'default_processing_info',
    ],
  },
  defaultSort: { column: 'modified_at', descending: true },
  sort: { sortByCreatedAt: 'created_at', sortByModifiedAt: 'modified_at', sortById: 'id' },
  hooks: {
    async validate(dataset, call, reader) {
      checkTexts(dataset, INVALID)
      checkImage(dataset.image, 'dataset', INVALID)
      checkProcessing(dataset.defaultProcessingInfo)
      checkBookmark(dataset)
      await keepFilterId(dataset, call, reader)
    },
    columns: ({ description, visibility, bookmarkOrigin }) => ({
      description,
      visibility: visibilityOf(visibility, INVALID),
      is_bookmark: bookmarkOrigin ? (1 as const) : (0 as const),
    }),
    present: presentDatasets,
    async beforeRemove(removed, call, tx) {
      if (removed === 'all') throw new Error('datasets are deleted by their ids')
      const pks = removed.map(({ pk }) => pk)
      await releaseVersions(tx, await versionPksOfDatasets(tx, pks), call.services.clock.now())
      await dropTraces(tx, 'dataset', pks)
    },
  },
})

function checkBookmark({ bookmarkOrigin: origin }: Dataset): void {
  if (origin && (origin.id === '' || origin.appId === '' || origin.userId === '')) {
    throw invalidDataset('A bookmark names its original by id, app_id and user_id; send all three.')
  }
}

/** The filter stays where it is: the dataset keeps only its id, which has to exist. */
async function keepFilterId(dataset: Dataset, call: Call, reader: Reader): Promise<void> {
  const id = dataset.defaultAnnotationFilter?.id ?? ''
  if (id === '') {
    delete dataset.defaultAnnotationFilter
    return
  }
  const filter = await filterRows.get(reader, requireApp(call.target).pk, id)
  if (!filter) throw missing(annotationFilters, id)
  dataset.defaultAnnotationFilter = create(AnnotationFilterSchema, { id })
}

async function presentDatasets(items: readonly Stored<typeof DatasetSchema, 'datasets'>[], call: Call): Promise<void> {
  const { read } = call.services.db
  const owners = await ownersOf(
    read,
    items.map(({ row }) => row.app_pk),
  )
  for (const { row, message } of items) {
    const owner = owners.get(row.app_pk)
    message.appId = owner?.appId ?? ''
    message.userId = owner?.userId ?? ''
    message.createdAt = toTimestamp(row.created_at)
    message.modifiedAt = toTimestamp(row.modified_at)
    await showFilter(read, row.app_pk, message)
  }
}

async function showFilter(reader: Reader, appPk: number, message: Dataset): Promise<void> {
  const id = message.defaultAnnotationFilter?.id
  if (id === undefined) return
  const row = await filterRows.get(reader, appPk, id)
  if (!row) return
  const filter = toStored(annotationFilters, row).message
  Object.assign(filter, { appId: message.appId, userId: message.userId })
  message.defaultAnnotationFilter = filter
}
