import { copyFamily, rowsWith } from '../../store/repos/copy-rows.ts'
import { apps, workflows } from '../../store/repos/families.ts'
import { setDefaultWorkflow, setLatestVersion } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import { ROWS_PER_PART } from './limits.ts'
import { copiedId, renameIn } from './names.ts'
import type { Stage } from './stages.ts'

/** Workflows with their versions; nodes name the copies of models where those are copied too. */
export const workflowStage: Stage<Row<'workflows'>> = {
  field: 'workflows',
  wanted: ({ copyWorkflows }) => copyWorkflows,
  next: (db, { args: { source } }, after) =>
    workflows.list(db, {
      parent: source.appPk,
      where: (row) => row('visibility', '>=', source.minVisibility),
      orderBy: { column: 'created_at', direction: 'asc' },
      limit: ROWS_PER_PART.workflows,
      after,
    }),
  async copy(tx, { args, versions, services, now }, rows) {
    const { source, destination } = args
    const ids = rows.map(({ id }) => id)
    const taken = await workflows.getMany(tx, destination.appPk, ids)
    // A new app was given its default workflow at once, as the source has it: the copy takes its place.
    const app = destination.isNew ? await apps.getByPk(tx, destination.appPk) : undefined
    const first = [...taken.values()].find(({ pk }) => pk === app?.default_workflow_pk)
    if (first) {
      await workflows.deleteMany(tx, destination.appPk, [first.id])
      taken.delete(first.id)
    }
    const fresh = rows.filter(({ id }) => !taken.has(id))
    const common = { visibility: Visible.PRIVATE, created_at: now, modified_at: now }
    const pks = await copyFamily(tx, 'workflows', fresh, ['id'], () => ({
      ...common,
      app_pk: destination.appPk,
      is_featured: 0 as const,
      latest_version_pk: null,
    }))
    const found = await rowsWith(tx, 'workflow_versions', 'workflow_pk', [...pks.keys()], 'pk')
    const standing = found.filter((row) => row.is_deprecated === 0 && row.visibility >= source.minVisibility)
    await copyFamily(tx, 'workflow_versions', standing, ['workflow_pk', 'id'], (row) => ({
      ...common,
      workflow_pk: pks.get(row.workflow_pk),
      id: copiedId(args.id, row.id),
      doc: renameIn(row.doc, versions.ids, destination),
    }))
    for (const pk of pks.values()) await setLatestVersion(tx, pk)
    const again = first && fresh.find(({ id }) => id === first.id)
    if (again) await setDefaultWorkflow(tx, destination.appPk, pks.get(again.pk)!)
    tx.afterCommit(() => services.plans.clear())
    return fresh.length
  },
}
