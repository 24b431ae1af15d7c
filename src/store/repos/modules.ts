import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** A module version with the ids of where it lives. */
export type PlacedVersion = Row<'module_versions'> & {
  readonly module_id: string
  readonly app_id: string
  readonly user_id: string
  /** Lowest visibility of the version and of all that it lies in. */
  readonly open: number
}

function placed(db: Reader) {
  return db
    .selectFrom('module_versions')
    .innerJoin('modules', 'modules.pk', 'module_versions.module_pk')
    .innerJoin('apps', 'apps.pk', 'modules.app_pk')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .selectAll('module_versions')
    .select([
      'modules.id as module_id',
      'apps.id as app_id',
      'users.id as user_id',
      'modules.visibility as module_open',
      'apps.visibility as app_open',
      'users.visibility as user_open',
    ])
}

type Found = Awaited<ReturnType<ReturnType<typeof placed>['execute']>>[number]

const withOpen = (row: Found): PlacedVersion => ({
  ...row,
  open: Math.min(row.visibility, row.module_open, row.app_open, row.user_open),
})

/** Module versions by pk, with where they live. */
export async function placedVersions(db: Reader, pks: readonly number[]): Promise<Map<number, PlacedVersion>> {
  const found = new Map<number, PlacedVersion>()
  for (const part of inParts(pks)) {
    for (const row of await placed(db).where('module_versions.pk', 'in', part).execute()) {
      found.set(row.pk, withOpen(row))
    }
  }
  return found
}

/** The newest version of each module that is visible from `minVisibility` on, by the module's pk. */
export async function newestModuleVersions(
  db: Reader,
  modulePks: readonly number[],
  minVisibility: number,
): Promise<Map<number, Row<'module_versions'>>> {
  if (modulePks.length === 0) return new Map()
  const rows = await db
    .selectFrom('module_versions')
    .selectAll()
    .where('pk', 'in', (eb) =>
      eb
        .selectFrom('module_versions as newest')
        .select(({ fn }) => fn.max('newest.pk').as('pk'))
        .where('newest.module_pk', 'in', modulePks)
        .where('newest.visibility', '>=', minVisibility)
        .groupBy('newest.module_pk'),
    )
    .execute()
  return new Map(rows.map((row) => [row.module_pk, row]))
}

/** How often a module version is installed, whoever has done it. */
export async function countInstalls(db: Reader, versionPk: number): Promise<number> {
  const row = await db
    .selectFrom('installed_module_versions')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('version_pk', '=', versionPk)
    .executeTakeFirstOrThrow()
  return row.rows
}

/** Public ids of the keys that a user has made for installs, by the install's pk. */
export async function keysOfInstalls(
  db: Reader,
  installPks: readonly number[],
  userPk: number,
): Promise<Map<number, string>> {
  if (installPks.length === 0) return new Map()
  const rows = await db
    .selectFrom('credentials')
    .select(['install_pk', 'public_id'])
    .where('install_pk', 'is not', null)
    .where('install_pk', 'in', installPks)
    .where('user_pk', '=', userPk)
    .execute()
  return new Map(rows.map(({ install_pk, public_id }) => [install_pk!, public_id]))
}

/** Deletes the key that a user has made for an install, if there is one. */
export async function dropKeyOfInstall(tx: Writer, installPk: number, userPk: number): Promise<void> {
  await tx
    .deleteFrom('credentials')
    .where('install_pk', 'is not', null)
    .where('install_pk', '=', installPk)
    .where('user_pk', '=', userPk)
    .execute()
}

/** Says whether a module version may be published, as whoever runs the server decides. */
export async function setApproved(tx: Writer, versionPk: number, approved: boolean): Promise<void> {
  await tx
    .updateTable('module_versions')
    .set({ approved: approved ? 1 : 0 })
    .where('pk', '=', versionPk)
    .execute()
}
