import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import {
  type DatasetVersion,
  type WorkflowVersionEvaluation,
  type WorkflowVersionEvaluationData,
  WorkflowVersionEvaluationDataSchema,
  WorkflowVersionEvaluationSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { workflowEvaluations } from '../../store/repos/families.ts'
import { changeEvaluationDatum, oneEvaluationDatum } from '../../store/repos/workflow-evaluations.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findDataset } from '../datasets/list.ts'
import { findVersion } from '../datasets/versions/list.ts'
import { findWorkflow, findWorkflowVersion } from '../workflows/find.ts'
import { versionMessages } from '../workflows/versions.ts'
import { evaluateWorkflowJob } from './job.ts'
import { invalidEvaluation } from './problem.ts'
import { templates } from './templates.ts'

const INVALID = StatusCode.EVALUATION_INVALID_ARGUMENT

/** Starts evaluations of a workflow version, all or none. */
export async function startEvaluations(
  call: Call,
  workflowId: string,
  versionId: string,
  wanted: readonly WorkflowVersionEvaluation[],
): Promise<Row<'workflow_evaluations'>[]> {
  const app = requireApp(call.target)
  const workflow = await findWorkflow(call, workflowId)
  const version = await findWorkflowVersion(call, workflow, versionId)
  const [message] = await versionMessages(call, workflow, [version])
  const nodeIds = message!.nodes.map(({ id }) => id)
  const checked: Checked[] = []
  for (const one of wanted) checked.push(await check(call, one, nodeIds))
  const { db, jobs, clock } = call.services
  return db.transact(async (tx) => {
    const rows: Row<'workflow_evaluations'>[] = []
    for (const { id, targetNodeId, templateId, dataset } of checked) {
      if (await workflowEvaluations.get(tx, app.pk, id)) {
        throw invalidEvaluation(`There is an evaluation '${id}' already; choose another id.`)
      }
      const now = clock.now()
      const row = await workflowEvaluations.insert(tx, {
        app_pk: app.pk,
        id,
        doc: '{}',
        workflow_version_pk: version.pk,
        target_node_id: targetNodeId,
        template_id: templateId,
        dataset_version_pk: dataset.pk,
        predictions_version_pk: null,
        status_code: StatusCode.EVALUATION_QUEUED,
        status_details: '',
        job_id: '',
        created_at: now,
        modified_at: now,
      })
      const job = await jobs.enqueue(tx, evaluateWorkflowJob, { evaluationPk: row.pk }, { appPk: app.pk })
      rows.push(await workflowEvaluations.update(tx, row, { job_id: job }, now))
    }
    return rows
  })
}

interface Checked {
  readonly id: string
  readonly targetNodeId: string
  readonly templateId: string
  readonly dataset: Row<'dataset_versions'>
}

async function check(call: Call, wanted: WorkflowVersionEvaluation, nodeIds: readonly string[]): Promise<Checked> {
  if (wanted.id !== '') checkId(wanted.id, 'workflow version evaluation', INVALID)
  const { targetNodeId } = wanted
  if (!nodeIds.includes(targetNodeId)) {
    throw invalidEvaluation(
      `The workflow has no node '${targetNodeId}'; target_node_id is one of ${nodeIds.join(', ')}.`,
    )
  }
  const templateId = wanted.workflowVersionEvaluationTemplate?.id || templates[0]!.id
  if (!templates.some(({ id }) => id === templateId)) {
    const known = templates.map(({ id }) => id).join(', ')
    throw invalidEvaluation(`There is no evaluation template '${templateId}'; use ${known}.`)
  }
  const named = wanted.groundTruthDatasetVersion
  if (!named) throw invalidEvaluation('Name the examples in ground_truth_dataset_version: its dataset_id and id.')
  return { id: wanted.id || newId(), targetNodeId, templateId, dataset: await datasetVersionOf(call, named) }
}

/** A dataset version, which may be one of another app that the caller sees. Throws AppError 11101. */
async function datasetVersionOf(
  call: Call,
  { id, datasetId, appId, userId }: DatasetVersion,
): Promise<Row<'dataset_versions'>> {
  const { app, user } = call.target
  const here = (userId === '' || userId === user?.id) && (appId === '' || appId === app?.id)
  const target = here ? call.target : await reach(call, userId || (user?.id ?? ''), appId || (app?.id ?? ''))
  if (!target?.app) {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `There is no dataset '${datasetId}' in '${userId}/${appId}', or it is not visible to this key.`,
    )
  }
  const there = { ...call, target }
  return findVersion(there, await findDataset(there, datasetId), id)
}

/** The evaluation with this id, of a certain workflow version where one is named; throws AppError 11101. */
export async function findEvaluation(
  call: Call,
  at: { readonly workflowId: string; readonly workflowVersionId: string },
  id: string,
): Promise<Row<'workflow_evaluations'>> {
  const { read } = call.services.db
  const row = await workflowEvaluations.get(read, requireApp(call.target).pk, id)
  const versionPk = await versionPkOf(call, at)
  if (row && (versionPk === undefined || row.workflow_version_pk === versionPk)) return row
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `There is no workflow version evaluation '${id}' here, or it is not visible to this key.`,
  )
}

/** The workflow version that a path names; undefined for the short paths, which name none. */
export async function versionPkOf(
  call: Call,
  { workflowId, workflowVersionId }: { readonly workflowId: string; readonly workflowVersionId: string },
): Promise<number | undefined> {
  if (workflowId === '') return undefined
  return (await findWorkflowVersion(call, await findWorkflow(call, workflowId), workflowVersionId)).pk
}

type Change = Parameters<typeof workflowEvaluations.update>[2]

/** Writes what others have found out: predictions, status, results. All or none. */
export async function patchEvaluations(
  call: Call,
  at: { readonly workflowId: string; readonly workflowVersionId: string },
  patches: readonly WorkflowVersionEvaluation[],
  action: string,
): Promise<Row<'workflow_evaluations'>[]> {
  if (action !== 'overwrite') throw invalidEvaluation(`The action '${action}' is not known here; use overwrite.`)
  const checked: { readonly row: Row<'workflow_evaluations'>; readonly change: Change }[] = []
  for (const patch of patches) {
    const row = await findEvaluation(call, at, patch.id)
    const named = patch.predictionsDatasetVersion
    const code = patch.status?.code ?? 0
    if (code !== 0 && (code < StatusCode.EVALUATION_QUEUED || code > StatusCode.EVALUATION_MIXED)) {
      throw invalidEvaluation(`${code} is no status of evaluations; use 43100 to 43109.`)
    }
    const { workflowEvaluationResult } = patch
    const change = {
      ...(named && { predictions_version_pk: (await datasetVersionOf(call, named)).pk }),
      ...(code !== 0 && { status_code: code as number, status_details: patch.status?.details ?? '' }),
      ...(workflowEvaluationResult && {
        doc: encodeDoc(create(WorkflowVersionEvaluationSchema, { workflowEvaluationResult })),
      }),
    }
    checked.push({ row, change })
  }
  const { db, clock } = call.services
  return db.transact(async (tx) => {
    const rows: Row<'workflow_evaluations'>[] = []
    for (const { row, change } of checked) rows.push(await workflowEvaluations.update(tx, row, change, clock.now()))
    return rows
  })
}

/** Writes results of examples that others have found out. All or none; throws AppError 11101 for unknown examples. */
export async function putSampleResults(
  call: Call,
  evaluation: Row<'workflow_evaluations'>,
  given: readonly WorkflowVersionEvaluationData[],
): Promise<WorkflowVersionEvaluationData[]> {
  return call.services.db.transact(async (tx) => {
    const written: WorkflowVersionEvaluationData[] = []
    for (const { id, workflowEvaluationSampleResult } of given) {
      const row = await oneEvaluationDatum(tx, evaluation.pk, id)
      if (!row) {
        throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The evaluation '${evaluation.id}' has no example '${id}'.`)
      }
      const datum = decodeDoc(WorkflowVersionEvaluationDataSchema, row.doc)
      datum.workflowEvaluationSampleResult = workflowEvaluationSampleResult
      await changeEvaluationDatum(tx, evaluation.pk, id, encodeDoc(datum))
      datum.id = id
      written.push(datum)
    }
    return written
  })
}
