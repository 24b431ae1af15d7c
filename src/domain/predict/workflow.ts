import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Input,
  type Model,
  type OutputConfig,
  type Status,
  type Workflow,
  type WorkflowResult,
  WorkflowResultSchema,
  type WorkflowVersion,
} from '../../contract/index.ts'
import { keepText } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Compiled, compile } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import { withRelations } from '../concept-relations/supply.ts'
import type { FoundModel } from '../models/resolve.ts'
import { present } from '../resource/verbs.ts'
import { findWorkflowAnywhere, findWorkflowVersion } from '../workflows/find.ts'
import { findModelOfNode } from '../workflows/nodes.ts'
import { workflows } from '../workflows/resource.ts'
import { versionMessages } from '../workflows/versions.ts'
import { actOn } from './act.ts'
import { echoInput, itemStatus, overallStatus, resultStatus, toOutput } from './answer.ts'
import { resolvedFor } from './language.ts'
import { modelOfOutput } from './messages.ts'
import { planKey } from './plan-key.ts'
import { type InputOptions, type Ran, runInputs } from './run.ts'

/** Which workflow a call wants run, and how. */
export interface WorkflowCall {
  readonly workflowId: string
  readonly versionId: string
  readonly favorClarifaiWorkflows: boolean
  readonly outputConfig?: OutputConfig
  /** What it is run on; inputs unless said. */
  readonly over?: 'outputs'
}

/** A workflow ready to run, with what its answers repeat. */
export interface ReadyWorkflow extends Compiled {
  /** With the version that runs and its nodes. */
  readonly workflow: Workflow
  /** By place in the plan, the model as outputs carry it. */
  readonly models: ReadonlyMap<number, Model>
  /** By place in the plan, the rows behind that model. */
  readonly rows: ReadonlyMap<number, ModelRows>
}

/** Which version of a model runs, and which app has its concepts. */
export interface ModelRows {
  readonly versionPk: number
  readonly appPk: number
}

/** Finds and compiles the workflow of a call; what was found is kept, so that the next such call looks nothing up. */
export function readyWorkflow(call: Call, wanted: WorkflowCall): Promise<ReadyWorkflow> {
  const { workflowId, versionId, favorClarifaiWorkflows, over } = wanted
  const named = [workflowId, versionId, favorClarifaiWorkflows, ...(over ? [over] : [])]
  const key = planKey(call, 'workflow', named, wanted.outputConfig)
  return call.services.plans.get(key, async () => {
    const workflow = await workflowToRun(call, wanted)
    return { ...(await compileVersion(call, workflow.version!, wanted)), workflow: keepText(workflow) }
  })
}

async function workflowToRun(
  call: Call,
  { workflowId, versionId, favorClarifaiWorkflows }: WorkflowCall,
): Promise<Workflow> {
  const row = await findWorkflowAnywhere(call, workflowId, favorClarifaiWorkflows)
  const version = await findWorkflowVersion(call, row, versionId)
  if (version.is_deprecated === 1) {
    throw new AppError(
      StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL,
      `A model version that the workflow '${row.id}' uses was deleted; patch its nodes.`,
    )
  }
  const [workflow] = await present(workflows, call, [row])
  if (workflow!.version?.id !== version.id) {
    const [pinned] = await versionMessages(call, row, [version])
    workflow!.version = pinned
    workflow!.nodes = pinned!.nodes
  }
  return workflow!
}

async function compileVersion(
  call: Call,
  { nodes }: WorkflowVersion,
  { outputConfig, over }: WorkflowCall,
): Promise<Compiled & Pick<ReadyWorkflow, 'models' | 'rows'>> {
  const found = new Map<string, FoundModel>()
  const compiled = await compile(
    nodes,
    async (node) => {
      const model = await findModelOfNode(call, node)
      found.set(node.id, model)
      return withRelations(call, await resolvedFor(call, model, outputConfig), node.outputInfoOverride?.params)
    },
    { outputConfig, over },
  )
  const named = compiled.nodes.flatMap(({ index, node }) => (node ? [[index, found.get(node.id)!] as const] : []))
  const rowsOf = ({ versionRow, modelRow }: FoundModel): ModelRows => ({
    versionPk: versionRow.pk,
    appPk: modelRow.app_pk,
  })
  return {
    ...compiled,
    models: new Map(named.map(([index, model]) => [index, modelOfOutput(model)])),
    rows: new Map(named.map(([index, model]) => [index, rowsOf(model)])),
  }
}

/** Runs a workflow on inputs: one result per input, in order, and a status when not all went well. */
export async function predictWithWorkflow(
  call: Call,
  ready: ReadyWorkflow,
  inputs: readonly Input[],
  options: InputOptions,
): Promise<{ workflow: Workflow; results: WorkflowResult[]; status?: Status }> {
  const { id, version } = ready.workflow
  const ran = await actOn(call, ready, inputs, await runInputs(call, ready, inputs, options), {
    workflow: { id, version: version?.id ?? '' },
  })
  const now = call.services.clock.now()
  const results = ran.map((item, at) =>
    create(WorkflowResultSchema, {
      id: newId(),
      createdAt: toTimestamp(now),
      input: echoInput(inputs[at]!),
      ...outcome(item, ready, now),
    }),
  )
  return { workflow: ready.workflow, results, status: overallStatus(results) }
}

function outcome(item: Ran, { nodes, models }: ReadyWorkflow, now: number): Pick<WorkflowResult, 'status' | 'outputs'> {
  if ('error' in item) return { status: itemStatus(item.error.code, item.error.details), outputs: [] }
  const outputs = nodes.flatMap(({ index }) => {
    const result = item.result.nodes[index]
    const model = models.get(index)
    return result && model ? [toOutput(result, model, now)] : []
  })
  return { status: resultStatus(outputs), outputs }
}
