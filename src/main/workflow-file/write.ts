import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { stringify } from 'yaml'
import type { FileModel, FileNode, WorkflowFile } from './read.ts'
import { snake } from './read.ts'

/** How the keys of a file are written: as the Python client reads them, or as the Node client does. */
export type KeyStyle = 'python' | 'node'

/** A workflow as YAML; the fields inside of params and of other free JSON stay as they are. */
export function writeWorkflowFile({ id, nodes }: WorkflowFile, style: KeyStyle): string {
  const named = (fields: Record<string, JsonValue | undefined>): JsonObject =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([key, value]) =>
        value === undefined ? [] : [[style === 'python' ? snake(key) : key, value]],
      ),
    )
  const node = ({ id: nodeId, model, nodeInputs, suppressOutput, outputInfoOverride }: FileNode): JsonObject =>
    named({
      id: nodeId,
      model: named({ ...(style === 'node' ? forNode(model) : model) }),
      nodeInputs: nodeInputs.length > 0 ? nodeInputs.map((input) => named({ nodeId: input })) : undefined,
      suppressOutput: suppressOutput || undefined,
      outputInfoOverride,
    })
  return stringify({ workflow: { id, nodes: nodes.map(node) } })
}

/** The Node client allows a version or other fields, never both, and looks for a version alone in clarifai/main too. */
function forNode(model: FileModel): FileModel {
  if (model.modelVersionId === undefined) return model
  const { modelId, modelVersionId, userId, appId } = model
  const isPublic = userId === 'clarifai' && appId === 'main'
  return isPublic || userId === undefined ? { modelId, modelVersionId } : { modelId, userId, appId }
}
