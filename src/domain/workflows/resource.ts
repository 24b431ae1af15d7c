import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { NOTES_BYTES_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { WorkflowSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { workflows as rows, workflowVersions } from '../../store/repos/families.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { isDefaultOf } from '../../store/repos/workflows.ts'
import { Visible } from '../access/target.ts'
import { defineResource } from '../resource/define.ts'
import { presentVersions } from './version-messages.ts'

/** Workflows: graphs of models in an app. Nodes belong to versions; the workflow shows those of its latest. */
export const workflows = defineResource({
  kind: 'workflow',
  desc: WorkflowSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.WORKFLOW_DOES_NOT_EXIST,
    duplicate: StatusCode.WORKFLOW_DUPLICATE,
    invalid: StatusCode.WORKFLOW_INVALID_ARGUMENT,
  },
  checkId: (id) => checkId(id, 'workflow', StatusCode.WORKFLOW_INVALID_ARGUMENT),
  makeId: () => newId(),
  serverFields: [
    'app_id',
    'user_id',
    'created_at',
    'modified_at',
    'nodes',
    'version',
    'is_starred',
    'star_count',
    'bookmark_origin',
  ],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: ['description', 'notes', 'metadata', 'visibility', 'use_cases', 'check_consents', 'image'],
  },
  defaultSort: { column: 'modified_at', descending: true },
  sort: { sortById: 'id', sortByModifiedAt: 'modified_at', sortByCreatedAt: 'created_at' },
  hooks: {
    validate(workflow) {
      if (Buffer.byteLength(workflow.notes) > NOTES_BYTES_MAX) {
        throw new AppError(
          StatusCode.WORKFLOW_INVALID_ARGUMENT,
          `The notes are longer than ${NOTES_BYTES_MAX} bytes; shorten them.`,
        )
      }
    },
    columns: (workflow) => ({
      name: '',
      description: workflow.description,
      visibility: workflow.visibility?.gettable || Visible.PRIVATE,
    }),
    async present(items, call) {
      const { read } = call.services.db
      const owners = await ownersOf(
        read,
        items.map(({ row }) => row.app_pk),
      )
      const latest = await workflowVersions.getManyByPk(
        read,
        items.flatMap(({ row }) => row.latest_version_pk ?? []),
      )
      for (const { row, message } of items) {
        const owner = owners.get(row.app_pk)
        const version = row.latest_version_pk === null ? undefined : latest.get(row.latest_version_pk)
        message.appId = owner?.appId ?? ''
        message.userId = owner?.userId ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
        if (!version) continue
        const [shown] = presentVersions([version], { workflowId: row.id, ...owner })
        message.version = shown
        message.nodes = shown?.nodes ?? []
      }
    },
    afterCommit: (call) => call.services.plans.clear(),
    async beforeRemove(removed, call, tx) {
      const app = call.target.app!
      if (
        removed !== 'all' &&
        (await isDefaultOf(
          tx,
          app.pk,
          removed.map((row) => row.pk),
        ))
      ) {
        throw new AppError(
          StatusCode.WORKFLOW_INVALID_REQUEST,
          "It is the app's default workflow; choose another default first.",
        )
      }
    },
  },
})
