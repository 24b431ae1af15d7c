import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { AppSchema, WorkflowSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { apps as rows, users, workflows } from '../../store/repos/families.ts'
import { checkImage, checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'

/** Languages that an app may have; the codes of the original. */
const LANGUAGES = new Set('ar bn da de en es fi fr hi hu it ja ko nl no pa pl pt ru sv tr zh zh-TW'.split(' '))
const SAMPLE_MS_MIN = 100
const SAMPLE_MS_MAX = 60_000

/** The refusal of an app that must not be stored. */
export const invalidApp = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** Apps: what a user keeps apart, with its own inputs, concepts, models, workflows and keys. */
export const apps = defineResource({
  kind: 'app',
  desc: AppSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.CONN_INVALID_REQUEST,
  },
  address: ({ target, principal }, id) => `/v2/users/${(target.user ?? principal.user)?.id}/apps/${id}`,
  checkId: (id) => checkId(id, 'app', StatusCode.CONN_INVALID_REQUEST),
  serverFields: [
    'user_id',
    'created_at',
    'modified_at',
    'default_workflow',
    'default_workflow_id',
    'is_starred',
    'star_count',
    'extra_info',
    'legal_consent_status',
    'data_tier_id',
  ],
  patch: {
    actions: ['overwrite', 'remove'],
    fields: ['name', 'description', 'notes', 'image', 'visibility', 'sample_ms', 'is_template'],
  },
  defaultSort: { column: 'modified_at', descending: true },
  sort: { sortByName: 'name', sortByModifiedAt: 'modified_at', sortByCreatedAt: 'created_at', sortById: 'id' },
  hooks: {
    prepare(app) {
      // Setup scripts of older clients name their apps and take the id from the answer.
      app.id ||= newId()
      app.name ||= app.id
      app.defaultLanguage ||= 'en'
    },
    validate(app) {
      if (!LANGUAGES.has(app.defaultLanguage))
        throw invalidApp(`The language '${app.defaultLanguage}' is not known; use one of ${[...LANGUAGES].join(', ')}.`)
      if (app.sampleMs !== 0 && (app.sampleMs < SAMPLE_MS_MIN || app.sampleMs > SAMPLE_MS_MAX)) {
        throw invalidApp(`sample_ms is ${app.sampleMs}; use ${SAMPLE_MS_MIN} to ${SAMPLE_MS_MAX}.`)
      }
      checkTexts(app, StatusCode.CONN_INVALID_REQUEST)
      checkImage(app.image, 'app', StatusCode.CONN_INVALID_REQUEST)
    },
    columns: (app) => ({
      name: app.name,
      description: app.description,
      visibility: visibilityOf(app.visibility, StatusCode.CONN_INVALID_REQUEST),
      is_template: app.isTemplate ? (1 as const) : (0 as const),
    }),
    async present(items, call) {
      const { read } = call.services.db
      const owners = await users.getManyByPk(
        read,
        items.map(({ row }) => row.user_pk),
      )
      const defaults = await workflows.getManyByPk(
        read,
        items.flatMap(({ row }) => row.default_workflow_pk ?? []),
      )
      for (const { row, message } of items) {
        message.userId = owners.get(row.user_pk)?.id ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
        const workflow = row.default_workflow_pk === null ? undefined : defaults.get(row.default_workflow_pk)
        if (!workflow) continue
        message.defaultWorkflowId = workflow.id
        message.defaultWorkflow = create(WorkflowSchema, { id: workflow.id, appId: row.id, userId: message.userId })
      }
    },
    afterCommit(call) {
      call.services.directory.invalidate()
      // Plans know apps by their ids, their visibility and their default workflows.
      call.services.plans.clear()
    },
  },
})
