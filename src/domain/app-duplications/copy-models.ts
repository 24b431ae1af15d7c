import { ModelVersionSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptPksOf, copyModelVersions } from '../../store/repos/app-copies.ts'
import { copyChildren, copyFamily, rowsWith } from '../../store/repos/copy-rows.ts'
import { models } from '../../store/repos/families.ts'
import { renewLatestVersion } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import { withoutSecrets } from '../models/secrets.ts'
import { ROWS_PER_PART } from './limits.ts'
import { copiedId, renaming } from './names.ts'
import type { CopyScope, Stage } from './stages.ts'

/** Models with their trained versions; copies are private, whatever the source is. */
export const modelStage: Stage<Row<'models'>> = {
  field: 'models',
  wanted: ({ copyModels }) => copyModels,
  next: (db, { args: { source } }, after) =>
    models.list(db, {
      parent: source.appPk,
      where: (row) => row('visibility', '>=', source.minVisibility),
      orderBy: { column: 'created_at', direction: 'asc' },
      limit: ROWS_PER_PART.models,
      after,
    }),
  async copy(tx, scope, rows) {
    const { args, versions, now } = scope
    const { source, destination } = args
    const ids = rows.map(({ id }) => id)
    const taken = await models.getMany(tx, destination.appPk, ids)
    const fresh = rows.filter(({ id }) => !taken.has(id))
    const times = { created_at: now, modified_at: now }
    const common = { visibility: Visible.PRIVATE, ...times }
    const pks = await copyFamily(tx, 'models', fresh, ['id'], () => ({
      ...common,
      app_pk: destination.appPk,
      is_featured: 0 as const,
      latest_version_pk: null,
    }))
    await copyChildren(tx, 'model_tags', { column: 'model_pk', pks: [...pks.keys()] }, (row) => ({
      model_pk: pks.get(row.model_pk),
    }))
    const found = await rowsWith(tx, 'model_versions', 'model_pk', [...pks.keys()], 'pk')
    const trained = found.filter(
      (row) => row.status_code === StatusCode.MODEL_TRAINED && row.visibility >= source.minVisibility,
    )
    const conceptPks = await conceptPksOf(tx, { versions: trained.map(({ pk }) => pk) })
    const names = await renaming(tx, args, versions, conceptPks, now)
    const types = new Map(fresh.map(({ pk, model_type_id }) => [pk, model_type_id]))
    await copyModelVersions(
      tx,
      trained,
      (row) => ({
        ...common,
        model_pk: pks.get(row.model_pk),
        id: copiedId(args.id, row.id),
        doc: versionDoc(scope, types.get(row.model_pk)!, names.doc(row.doc)),
      }),
      names,
      now,
    )
    for (const pk of pks.values()) await renewLatestVersion(tx, pk)
    tx.afterCommit(() => scope.services.plans.clear())
    return fresh.length
  },
}

function versionDoc({ args }: CopyScope, typeId: string, doc: string): string {
  if (args.withSecrets) return doc
  return encodeDoc(withoutSecrets(typeId, decodeDoc(ModelVersionSchema, doc), false))
}
