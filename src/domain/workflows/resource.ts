import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { WorkflowSchema, type WorkflowVersion } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { workflows as rows } from '../../store/repos/families.ts'
import { type Owner, ownersOf } from '../../store/repos/owners.ts'
import { dropTraces } from '../../store/repos/traces.ts'
import { isDefaultOf, standingVersions, workflowPksOfApp } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkImage, checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { type OwnedVersion, presentVersions } from './version-messages.ts'

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
  address: ({ target }, id) => `/v2/users/${target.user?.id}/apps/${target.app?.id}/workflows/${id}`,
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
      checkTexts(workflow, StatusCode.WORKFLOW_INVALID_ARGUMENT)
      checkImage(workflow.image, 'workflow', StatusCode.WORKFLOW_INVALID_ARGUMENT)
    },
    columns: (workflow) => ({
      name: '',
      description: workflow.description,
      visibility: visibilityOf(workflow.visibility, StatusCode.WORKFLOW_INVALID_ARGUMENT),
    }),
    async present(items, call) {
      const { read } = call.services.db
      const rows = items.map(({ row }) => row)
      const owners = await ownersOf(
        read,
        rows.map((row) => row.app_pk),
      )
      const latest = await standing(call, rows, owners)
      const shown = rows.flatMap((row) => latest.get(row.pk) ?? [])
      const versions = new Map<number, WorkflowVersion>()
      for (const [at, version] of (await presentVersions(read, shown)).entries())
        versions.set(shown[at]!.row.pk, version)
      for (const { row, message } of items) {
        const owner = owners.get(row.app_pk)
        const version = latest.get(row.pk)
        message.appId = owner?.appId ?? ''
        message.userId = owner?.userId ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
        message.version = version && versions.get(version.row.pk)
        message.nodes = message.version?.nodes ?? []
      }
    },
    afterCommit: (call) => call.services.plans.clear(),
    async beforeRemove(removed, call, tx) {
      const app = requireApp(call.target)
      const pks = removed === 'all' ? await workflowPksOfApp(tx, app.pk) : removed.map(({ pk }) => pk)
      if (await isDefaultOf(tx, app.pk, pks)) {
        throw new AppError(
          StatusCode.WORKFLOW_INVALID_REQUEST,
          "The app's default workflow cannot be deleted; choose another default first.",
        )
      }
      await dropTraces(tx, 'workflow', pks)
    },
  },
})

/** The versions that the caller sees as the latest, by workflow. */
async function standing(
  { services, principal, target }: Call,
  rows: readonly Row<'workflows'>[],
  owners: ReadonlyMap<number, Owner>,
): Promise<Map<number, OwnedVersion>> {
  const found = new Map<number, OwnedVersion>()
  const seesAll = (row: Row<'workflows'>): boolean =>
    (target.rights !== 'viewer' && row.app_pk === target.app?.pk) ||
    (principal.app === undefined && owners.get(row.app_pk)?.userId === principal.user?.id)
  for (const all of [true, false]) {
    const part = rows.filter((row) => seesAll(row) === all)
    if (part.length === 0) continue
    const versions = await standingVersions(services.db.read, part, all ? 0 : Visible.PUBLIC)
    for (const row of part) {
      const version = versions.get(row.pk)
      if (version) found.set(row.pk, { row: version, workflowId: row.id, owner: owners.get(row.app_pk) })
    }
  }
  return found
}
