import type { WorkflowNode } from '../../contract/index.ts'
import type { Reader } from '../../store/database.ts'
import { versionPlaces } from '../../store/repos/model-versions.ts'

/** Gives stored nodes the names that their models, apps and users have now: each may have been renamed since. */
export async function renewNodes(db: Reader, nodes: readonly WorkflowNode[]): Promise<void> {
  const places = await versionPlaces(
    db,
    nodes.flatMap(({ model }) => model?.modelVersion?.id ?? []),
  )
  for (const { model } of nodes) {
    const place = model?.modelVersion && places.get(model.modelVersion.id)
    if (!model || !place) continue
    model.id = place.modelId
    model.appId = place.appId
    model.userId = place.userId
  }
}
