import { checkId, newId } from '../../base/ids.ts'
import { type Model, ModelSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { models as rows } from '../../store/repos/families.ts'
import { versionIdsOf } from '../../store/repos/model-versions.ts'
import { modelPksOfApp, setModelTags } from '../../store/repos/models.ts'
import { dropTraces } from '../../store/repos/traces.ts'
import { releaseFilesOfModels } from '../../store/repos/version-files.ts'
import { deprecateWorkflowsWith } from '../../store/repos/workflow-uses.ts'
import type { Row } from '../../store/schema/tables.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { defineResource } from '../resource/define.ts'
import { checkImage, checkLanguages, checkTags, checkTexts, invalidModel, visibilityOf } from './checks.ts'
import { pruneVersionJobs } from './version-jobs.ts'

/** Type of a model that is made without one: the kind that users train on few examples. */
export const DEFAULT_TYPE = 'embedding-classifier'

/** Models of an app. Their versions, which do the work, are rows of their own. */
export const models = defineResource({
  kind: 'model',
  desc: ModelSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.MODEL_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.MODEL_INVALID_ARGUMENT,
  },
  address: ({ target }, id) => `/v2/users/${target.user?.id}/apps/${target.app?.id}/models/${id}`,
  checkId: (id) => checkId(id, 'model', StatusCode.MODEL_INVALID_ARGUMENT),
  // Clients older than chosen ids name their models and take the id from the answer.
  makeId: (model) => (model.name === '' && model.displayName === '' ? '' : newId()),
  serverFields: [
    'created_at',
    'modified_at',
    'app_id',
    'user_id',
    'model_version',
    'output_info',
    'languages_full',
    'is_starred',
    'star_count',
    'version_count',
    'bookmark_origin',
    'billing_type',
    'featured_order',
    'deploy_restriction',
    'replica_count',
    'open_router_info',
  ],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: [
      'name',
      'display_name',
      'description',
      'notes',
      'metadata',
      'presets',
      'visibility',
      'toolkits',
      'use_cases',
      'languages',
      'check_consents',
      'workflow_recommended',
      'image',
      'license_type',
      'source',
      'creator',
      'task',
      'default_eval_info',
    ],
  },
  defaultSort: { column: 'modified_at', descending: true },
  hooks: {
    prepare(model) {
      model.modelTypeId ||= DEFAULT_TYPE
      model.name ||= model.displayName || model.id
    },
    validate(model) {
      checkTexts(model)
      checkImage(model.image)
      model.toolkits = checkTags('toolkits', model.toolkits)
      model.useCases = checkTags('use_cases', model.useCases)
      model.checkConsents = checkTags('check_consents', model.checkConsents)
      model.languages = checkLanguages(model.languages)
    },
    columns: (model) => ({
      model_type_id: model.modelTypeId,
      name: model.name,
      description: model.description,
      visibility: visibilityOf(model.visibility),
    }),
    afterCommit: (call) => call.services.plans.clear(),
    async beforeRemove(removed, call, tx) {
      const pks = removed === 'all' ? await modelPksOfApp(tx, call.target.app!.pk) : removed.map(({ pk }) => pk)
      await deprecateWorkflowsWith(tx, await versionIdsOf(tx, pks))
      await releaseFilesOfModels(tx, pks, call.services.clock.now())
      tx.afterCommit(() => void pruneVersionJobs(call.services))
      await dropTraces(tx, 'model', pks)
    },
  },
})

/** Brings the type of a new model to its own name; refuses one that does not exist or that users cannot make. */
export function checkType(model: Model): void {
  if (model.modelTypeId === '') return
  const entry = typeEntry(model.modelTypeId)
  if (!entry) {
    throw invalidModel(`There is no model type '${model.modelTypeId}'; GET /v2/models/types lists them.`)
  }
  if (!entry.type.creatable) throw invalidModel(`Models of the type '${entry.type.id}' cannot be made by users.`)
  model.modelTypeId = entry.type.id
}

/** Writes the tags of a model's document where lists look for them. */
export function indexTags(tx: Writer, row: Row<'models'>, model: Model): Promise<void> {
  return setModelTags(tx, row.pk, { toolkit: model.toolkits, use_case: model.useCases, language: model.languages })
}
