import { checkId, newId } from '../../../base/ids.ts'
import { type DatasetVersion, DatasetVersionSchema } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { releaseVersions } from '../../../store/repos/dataset-versions.ts'
import { datasetVersions as rows } from '../../../store/repos/families.ts'
import { checkTexts, visibilityOf } from '../../resource/checks.ts'
import { defineResource } from '../../resource/define.ts'
import { invalidDataset } from '../problem.ts'
import { checkProcessing } from '../processing.ts'

const INVALID = StatusCode.CONN_INVALID_REQUEST
/** Most embedding models that a version names. */
const EMBED_MODELS_MAX = 32

/** Versions of datasets: what was in them when the version was made, which never changes. */
export const datasetVersions = defineResource({
  kind: 'dataset version',
  desc: DatasetVersionSchema,
  rows,
  parentColumn: 'dataset_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATASET_VERSION_CONFLICT,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'dataset version', INVALID),
  makeId: () => newId(),
  serverFields: [
    'user_id',
    'app_id',
    'dataset_id',
    'created_at',
    'modified_at',
    'status',
    'metrics',
    'export_info',
    'request_origin',
  ],
  patch: {
    actions: ['overwrite'],
    fields: ['description', 'metadata', 'visibility', 'embed_model_version_ids'],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    validate(version) {
      checkTexts(version, INVALID)
      checkProcessing(version.processingInfo)
      checkEmbedders(version)
    },
    columns: ({ description, visibility }) => ({ description, visibility: visibilityOf(visibility, INVALID) }),
    async beforeRemove(removed, call, tx) {
      if (removed === 'all') throw new Error('dataset versions are deleted by their ids')
      const pks = removed.map(({ pk }) => pk)
      await releaseVersions(tx, pks, call.services.clock.now())
    },
  },
})

function checkEmbedders({ embedModelVersionIds: ids }: DatasetVersion): void {
  if (ids.length > EMBED_MODELS_MAX) {
    throw invalidDataset(`There are ${ids.length} embed_model_version_ids; use at most ${EMBED_MODELS_MAX}.`)
  }
}
