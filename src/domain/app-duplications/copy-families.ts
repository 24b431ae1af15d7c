import type { InstalledModuleVersion } from '../../contract/index.ts'
import { InstalledModuleVersionSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import type { Reader } from '../../store/database.ts'
import { copyFamily } from '../../store/repos/copy-rows.ts'
import {
  annotationFilters,
  datasets,
  installedModuleVersions,
  knowledgeGraphs,
  searches,
} from '../../store/repos/families.ts'
import type { KeyedRows } from '../../store/repos/keyed.ts'
import { placedVersions } from '../../store/repos/modules.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import { ROWS_PER_PART } from './limits.ts'
import { renameIn } from './names.ts'
import type { CopyScope, Stage } from './stages.ts'

/** Tables whose rows are copied by themselves: with their document, under the same id. */
interface PlainTables {
  knowledge_graphs: Row<'knowledge_graphs'>
  annotation_filters: Row<'annotation_filters'>
  searches: Row<'searches'>
  datasets: Row<'datasets'>
  installed_module_versions: Row<'installed_module_versions'>
}

interface Plain<T extends keyof PlainTables> extends Pick<Stage, 'field' | 'wanted'> {
  readonly table: T
  readonly rows: KeyedRows<T>
  /** Whether rows are public or private; copies are private, whatever the source is. */
  readonly hasVisibility: boolean
  /** Those of the rows that the destination may have, changed as it needs them. */
  adapt?(rows: readonly PlainTables[T][], scope: CopyScope, db: Reader): Promise<readonly PlainTables[T][]>
}

/** A stage for a plain table; ids that the destination has stay as they are. */
function plainStage<T extends keyof PlainTables>(plain: Plain<T>): Stage<PlainTables[T]> {
  // One family stands for all: kysely cannot follow a table name that is a type parameter.
  const rows = plain.rows as unknown as KeyedRows<'searches'>
  return {
    field: plain.field,
    wanted: plain.wanted,
    async next(db, { args: { source } }, after) {
      const found = await rows.list(db, {
        parent: source.appPk,
        ...(plain.hasVisibility && { where: (row) => row('visibility', '>=', source.minVisibility) }),
        orderBy: { column: 'created_at', direction: 'asc' },
        limit: ROWS_PER_PART.others,
        after,
      })
      return found as unknown as PlainTables[T][]
    },
    async copy(tx, scope, given) {
      const { args, versions, now } = scope
      const { destination } = args
      const wanted = (await plain.adapt?.(given, scope, tx)) ?? given
      const taken = await rows.getMany(
        tx,
        destination.appPk,
        wanted.map(({ id }) => id),
      )
      const fresh = wanted.filter(({ id }) => !taken.has(id)) as unknown as Row<'searches'>[]
      await copyFamily(tx, plain.table as 'searches', fresh, ['id'], (row) => ({
        app_pk: destination.appPk,
        doc: renameIn(row.doc, versions.ids, destination),
        ...(plain.hasVisibility && { visibility: Visible.PRIVATE }),
        created_at: now,
        modified_at: now,
      }))
      return fresh.length
    },
  }
}

/** Knowledge graphs, which relations of concepts name. */
export const graphStage = plainStage({
  table: 'knowledge_graphs',
  rows: knowledgeGraphs,
  hasVisibility: false,
  wanted: ({ copyConcepts }) => copyConcepts,
})

/** Annotation filters, which datasets name. */
export const filterStage = plainStage({
  table: 'annotation_filters',
  rows: annotationFilters,
  hasVisibility: false,
  wanted: ({ copyInputs }) => copyInputs,
})

/** Saved searches. */
export const searchStage = plainStage({
  table: 'searches',
  rows: searches,
  hasVisibility: true,
  wanted: ({ copyInputs }) => copyInputs,
})

/** Datasets without what is in them, and without their versions. */
export const datasetStage = plainStage({
  table: 'datasets',
  rows: datasets,
  hasVisibility: true,
  wanted: ({ copyInputs }) => copyInputs,
  adapt: async (rows) => rows.map((row) => ({ ...row, is_featured: 0 as const })),
})

/** Installed module versions without the keys that people have made for them. */
export const installStage = plainStage({
  table: 'installed_module_versions',
  field: 'installed_module_versions',
  rows: installedModuleVersions,
  hasVisibility: true,
  wanted: ({ copyInstalledModuleVersions }) => copyInstalledModuleVersions,
  adapt: installsFor,
})

/** Versions of modules that the owner of the destination could install: their own, and public ones. */
async function installsFor(
  rows: readonly Row<'installed_module_versions'>[],
  { args: { destination } }: CopyScope,
  db: Reader,
): Promise<Row<'installed_module_versions'>[]> {
  const versions = await placedVersions(
    db,
    rows.map(({ version_pk }) => version_pk),
  )
  return rows.flatMap((row) => {
    const version = versions.get(row.version_pk)
    const isOwn = version?.user_id === destination.userId
    if (!version || (!isOwn && version.open < Visible.PUBLIC)) return []
    // Who may say where a module runs is its creator alone.
    const doc = isOwn ? row.doc : withoutAddress(decodeDoc(InstalledModuleVersionSchema, row.doc))
    return [{ ...row, doc }]
  })
}

const withoutAddress = (install: InstalledModuleVersion): string => encodeDoc(Object.assign(install, { deployUrl: '' }))
