import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { WORKFLOW_INPUTS_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Input,
  type Model,
  type OutputConfig,
  type Status,
  type Workflow,
  type WorkflowResult,
  WorkflowResultSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import { type Compiled, compile } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { present } from '../resource/verbs.ts'
import { findWorkflow, findWorkflowVersion } from '../workflows/find.ts'
import { findModelOfNode } from '../workflows/nodes.ts'
import { workflows } from '../workflows/resource.ts'
import { versionMessages } from '../workflows/versions.ts'
import { echoInput, itemStatus, overallStatus, resultStatus, toOutput } from './answer.ts'
import { modelOfOutput } from './messages.ts'
import { type Ran, runInputs } from './run.ts'
import { toResolved } from './runnable.ts'

/** Which workflow a call wants run, and how. */
export interface WorkflowCall {
  readonly workflowId: string
  readonly versionId: string
  readonly favorClarifaiWorkflows: boolean
  readonly outputConfig?: OutputConfig
}

/** A workflow ready to run, with what its answers repeat. */
export interface ReadyWorkflow {
  readonly row: Row<'workflows'>
  readonly version: Row<'workflow_versions'>
  readonly compiled: Compiled
  /** By place in the plan, the model as outputs carry it. */
  readonly models: ReadonlyMap<number, Model>
}

/** Finds and compiles the workflow of a call; plans are kept, so that the next call only looks its rows up. */
export async function readyWorkflow(call: Call, wanted: WorkflowCall): Promise<ReadyWorkflow> {
  const row = await findWorkflow(call, wanted.workflowId, wanted.favorClarifaiWorkflows)
  const version = await findWorkflowVersion(call, row, wanted.versionId)
  if (version.is_deprecated === 1) {
    throw new AppError(
      StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL,
      `A model version that the workflow '${row.id}' uses was deleted; patch its nodes.`,
    )
  }
  const config = wanted.outputConfig ? encodeDoc(wanted.outputConfig) : ''
  // What a node may use depends on who asks, so plans are not shared between users.
  const key = `workflow ${call.principal.user?.pk}/${call.principal.app?.pk ?? ''} ${version.pk}.${version.revision} ${config}`
  const compiled = (await call.services.plans.get(key, () =>
    compileVersion(call, version, wanted.outputConfig),
  )) as CompiledWithModels
  return { row, version, compiled, models: compiled.models }
}

interface CompiledWithModels extends Compiled {
  readonly models: ReadonlyMap<number, Model>
}

async function compileVersion(
  call: Call,
  version: Row<'workflow_versions'>,
  outputConfig: OutputConfig | undefined,
): Promise<CompiledWithModels> {
  const { nodes } = decodeDoc(WorkflowVersionSchema, version.doc)
  const found = new Map<string, FoundModel>()
  const compiled = await compile(
    nodes,
    async (node) => {
      const model = await findModelOfNode(call, node)
      found.set(node.id, model)
      return toResolved(model)
    },
    { outputConfig },
  )
  const models = compiled.nodes.flatMap(({ index, node }) =>
    node ? [[index, modelOfOutput(found.get(node.id)!)] as const] : [],
  )
  return { ...compiled, models: new Map(models) }
}

/** Runs a workflow on inputs: one result per input, in order, and a status when not all went well. */
export async function predictWithWorkflow(
  call: Call,
  ready: ReadyWorkflow,
  inputs: readonly Input[],
  sampleMs: number,
): Promise<{ workflow: Workflow; results: WorkflowResult[]; status?: Status }> {
  checkInputs(inputs)
  const ran = await runInputs(call, ready.compiled, inputs, sampleMs)
  const now = call.services.clock.now()
  const results = ran.map((item, at) =>
    create(WorkflowResultSchema, {
      id: newId(),
      createdAt: toTimestamp(now),
      input: echoInput(inputs[at]!),
      ...outcome(item, ready, now),
    }),
  )
  return { workflow: await workflowMessage(call, ready), results, status: overallStatus(results) }
}

/** Refuses a call without inputs or with too many. */
export function checkInputs(inputs: readonly Input[]): void {
  if (inputs.length === 0)
    throw new AppError(StatusCode.PREDICT_INVALID_REQUEST, 'The request has no inputs; send at least one.')
  if (inputs.length > WORKFLOW_INPUTS_MAX) {
    throw new AppError(
      StatusCode.PREDICT_INVALID_REQUEST,
      `The request has ${inputs.length} inputs; send at most ${WORKFLOW_INPUTS_MAX}.`,
    )
  }
}

function outcome(
  item: Ran,
  { compiled, models }: ReadyWorkflow,
  now: number,
): Pick<WorkflowResult, 'status' | 'outputs'> {
  if ('error' in item) return { status: itemStatus(item.error.code, item.error.details), outputs: [] }
  const outputs = compiled.nodes.flatMap(({ index }) => {
    const result = item.result.nodes[index]
    const model = models.get(index)
    return result && model ? [toOutput(result, model, now)] : []
  })
  return { status: resultStatus(outputs), outputs }
}

async function workflowMessage(call: Call, { row, version }: ReadyWorkflow): Promise<Workflow> {
  const [workflow] = await present(workflows, call, [row])
  if (row.latest_version_pk !== version.pk) {
    const [pinned] = await versionMessages(call, row, [version])
    workflow!.version = pinned
    workflow!.nodes = pinned!.nodes
  }
  return workflow!
}
