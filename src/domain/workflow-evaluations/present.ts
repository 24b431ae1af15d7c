import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  DatasetVersionSchema,
  type WorkflowVersionEvaluation,
  WorkflowVersionEvaluationSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import { workflows, workflowVersions } from '../../store/repos/families.ts'
import { datasetVersionPlaces } from '../../store/repos/workflow-evaluations.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import { templates } from './templates.ts'

/** Evaluations of an app's workflows as messages, in the same order. */
export async function presentEvaluations(
  call: Call,
  rows: readonly Row<'workflow_evaluations'>[],
): Promise<WorkflowVersionEvaluation[]> {
  const app = requireApp(call.target)
  const { read } = call.services.db
  const versions = await workflowVersions.getManyByPk(
    read,
    rows.map((row) => row.workflow_version_pk),
  )
  const owners = await workflows.getManyByPk(
    read,
    [...versions.values()].map(({ workflow_pk }) => workflow_pk),
  )
  const datasets = await datasetVersionPlaces(
    read,
    rows.flatMap((row) => [row.dataset_version_pk, row.predictions_version_pk ?? []].flat()),
  )
  const datasetVersion = (pk: number | null) => {
    const place = pk === null ? undefined : datasets.get(pk)
    return place && create(DatasetVersionSchema, place)
  }
  return rows.map((row) => {
    const version = versions.get(row.workflow_version_pk)
    const message = decodeDoc(WorkflowVersionEvaluationSchema, row.doc)
    message.id = row.id
    message.userId = app.user.id
    message.appId = app.id
    message.targetNodeId = row.target_node_id
    message.workflowVersion = create(WorkflowVersionSchema, {
      id: version?.id ?? '',
      workflowId: owners.get(version?.workflow_pk ?? 0)?.id ?? '',
      userId: app.user.id,
      appId: app.id,
    })
    message.groundTruthDatasetVersion = datasetVersion(row.dataset_version_pk)
    message.predictionsDatasetVersion = datasetVersion(row.predictions_version_pk)
    message.workflowVersionEvaluationTemplate = templates.find(({ id }) => id === row.template_id)
    message.status = itemStatus(row.status_code as StatusCode, row.status_details)
    message.createdAt = toTimestamp(row.created_at)
    message.modifiedAt = toTimestamp(row.modified_at)
    return message
  })
}
