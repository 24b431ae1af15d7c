import { WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { workflowVersions } from '../../store/repos/families.ts'
import { defaultWorkflow } from '../../store/repos/workflows.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import type { Viewer } from '../access/standing.ts'
import { renewNodes } from '../workflows/renew-nodes.ts'
import type { Place } from './find.ts'
import type { ModelRef } from './resolve.ts'

/** Whether models of a type turn their input into vectors of the whole input. */
export const embeds = (typeId: string): boolean => typeEntry(typeId)?.type.outputFields.includes('embeddings') ?? false

/** The one embedding model of an app's default workflow; undefined when it has none or more than one. */
export async function defaultEmbedder(caller: Viewer, place: Place): Promise<ModelRef | undefined> {
  const { read } = caller.services.db
  const workflow = await defaultWorkflow(read, place.app.pk)
  if (!workflow || workflow.latest_version_pk === null) return undefined
  const version = await workflowVersions.getByPk(read, workflow.latest_version_pk)
  if (!version) return undefined
  const nodes = decodeDoc(WorkflowVersionSchema, version.doc).nodes
  await renewNodes(read, nodes)
  const embedders = nodes.flatMap(({ model }) => (model && embeds(model.modelTypeId) ? [model] : []))
  const [only] = embedders
  if (!only || embedders.length > 1) return undefined
  return { userId: only.userId, appId: only.appId, modelId: only.id, versionId: only.modelVersion?.id }
}
