import { create } from '@bufbuild/protobuf'
import { DataSchema, InputSchema } from '../../../contract/index.ts'
import type { Writer } from '../../../store/database.ts'
import type { InputStatus } from '../../../store/repos/process-inputs.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Effect } from '../../../workflow/plan.ts'
import type { Call } from '../../call.ts'
import { enqueueEffects } from '../../effects/enqueue.ts'
import type { ReadyWorkflow } from '../../predict/workflow.ts'

/** What nodes of the app's workflow want done in the world for an input. */
export interface Acting {
  readonly workflow: ReadyWorkflow
  readonly effects: readonly Effect[]
}

const STATUS_PUSH = 'status-push'

/** What is left to do for an input that failed: to say so, by all nodes that tell the status of inputs. */
export function actingOnFailure(workflow: ReadyWorkflow | undefined): Acting | undefined {
  if (!workflow) return undefined
  const effects = workflow.plan.nodes.flatMap(({ engine }, node) =>
    engine === STATUS_PUSH ? [{ node, data: create(DataSchema) }] : [],
  )
  return { workflow, effects }
}

/** Enqueues what is to be done for an input, in the transaction that writes its status. */
export async function enqueueActing(
  tx: Writer,
  { services, target: { user, app } }: Call,
  { workflow, effects }: Acting,
  { id }: Row<'inputs'>,
  status: InputStatus,
): Promise<void> {
  const { id: workflowId, version } = workflow.workflow
  const scope = {
    appPk: app!.pk,
    userPk: user!.pk,
    userId: user!.id,
    appId: app!.id,
    workflow: { id: workflowId, version: version?.id ?? '' },
  }
  const input = create(InputSchema, { id })
  await enqueueEffects(services, tx, workflow.plan, scope, [{ input, effects, ingestion: status }])
}
