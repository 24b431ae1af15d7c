import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import { VisibilitySchema, type WorkflowVersion, WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Reader } from '../../store/database.ts'
import type { Owner } from '../../store/repos/owners.ts'
import type { Row } from '../../store/schema/tables.ts'
import { renewNodes } from './renew-nodes.ts'

/** A version row with what its message repeats of the workflow that it belongs to. */
export interface OwnedVersion {
  readonly row: Row<'workflow_versions'>
  readonly workflowId: string
  readonly owner: Owner | undefined
}

/** Version rows as finished messages, in the same order; all look-ups once for all. */
export async function presentVersions(db: Reader, versions: readonly OwnedVersion[]): Promise<WorkflowVersion[]> {
  const messages = versions.map(versionMessage)
  await renewNodes(
    db,
    messages.flatMap(({ nodes }) => nodes),
  )
  return messages
}

function versionMessage({ row, workflowId, owner }: OwnedVersion): WorkflowVersion {
  const version = decodeDoc(WorkflowVersionSchema, row.doc)
  version.id = row.id
  version.workflowId = workflowId
  version.appId = owner?.appId ?? ''
  version.userId = owner?.userId ?? ''
  version.createdAt = toTimestamp(row.created_at)
  version.modifiedAt = toTimestamp(row.modified_at)
  version.isDeprecated = row.is_deprecated === 1
  version.visibility = create(VisibilitySchema, { gettable: row.visibility })
  return version
}
