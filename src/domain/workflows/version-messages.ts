import { toTimestamp } from '../../base/timestamps.ts'
import { type WorkflowVersion, WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Row } from '../../store/schema/tables.ts'

/** What version messages repeat of the workflow that they belong to. */
export interface VersionOwner {
  readonly workflowId: string
  readonly appId?: string
  readonly userId?: string
}

/** Version rows of one workflow as finished messages. */
export function presentVersions(rows: readonly Row<'workflow_versions'>[], owner: VersionOwner): WorkflowVersion[] {
  return rows.map((row) => {
    const version = decodeDoc(WorkflowVersionSchema, row.doc)
    version.id = row.id
    version.workflowId = owner.workflowId
    version.appId = owner.appId ?? ''
    version.userId = owner.userId ?? ''
    version.createdAt = toTimestamp(row.created_at)
    version.modifiedAt = toTimestamp(row.modified_at)
    version.isDeprecated = row.is_deprecated === 1
    version.visibility = { $typeName: 'clarifai.api.Visibility', gettable: row.visibility }
    return version
  })
}
