import { type Runner, RunnerSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { RunnerIs } from '../../runners/work.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { RunnerSettings } from '../../workflow/runner.ts'
import type { FoundModel } from '../models/resolve.ts'

/** Field of a version's metadata with labels that runners may have instead of naming the model. */
const LABELS = 'runner_labels'

/** A model version as runners know it. */
export function workOf({ modelRow, versionRow, ownerPk, userId, appId, modelId, version }: FoundModel): RunnerSettings {
  const named = version.metadata?.[LABELS]
  const own = Array.isArray(named) ? named.filter((label) => typeof label === 'string') : []
  const path = `${userId}/${appId}/models/${modelId}`
  return {
    modelPk: modelRow.pk,
    versionPk: versionRow.pk,
    ownerPk,
    labels: [path, `${path}/versions/${version.id}`, ...own],
    userId,
    appId,
    modelId,
    versionId: version.id,
  }
}

/** A stored runner as the hub knows it. */
export function runnerOf(row: Row<'runners'>): RunnerIs {
  const { labels }: Runner = decodeDoc(RunnerSchema, row.doc)
  return {
    pk: row.pk,
    userPk: row.user_pk,
    nodepoolPk: row.nodepool_pk,
    modelPk: row.model_pk,
    versionPk: row.version_pk,
    labels,
  }
}
