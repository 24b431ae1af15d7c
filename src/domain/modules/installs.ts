import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type InstalledModuleVersion, InstalledModuleVersionSchema, type Key } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { keysByPk } from '../../store/repos/credentials.ts'
import {
  modules as moduleRows,
  installedModuleVersions as rows,
  moduleVersions as versionRows,
} from '../../store/repos/families.ts'
import { dropKeyOfInstall, keysOfInstalls, placedVersions } from '../../store/repos/modules.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { requireApp, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { insertCredential } from '../credentials/make.ts'
import { presentKey } from '../credentials/present.ts'
import { visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { missing, toStored } from '../resource/verbs.ts'
import { checkAddress, invalidModule } from './problem.ts'
import { modules } from './resource.ts'
import { grantFor } from './scopes.ts'
import { moduleVersions, showVersion } from './versions.ts'

const INVALID = StatusCode.MODULE_INVALID_ARGUMENT

/** Which version an install is of, found by checking its message, until its columns are asked for. */
const found = new WeakMap<InstalledModuleVersion, number>()

/** Module versions that are installed in an app. */
export const installs = defineResource({
  kind: 'installed module version',
  desc: InstalledModuleVersionSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'installed module version', INVALID),
  serverFields: ['app_id', 'user_id', 'created_at', 'modified_at', 'key_id'],
  patch: { actions: [], fields: [] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async validate(install, call) {
      checkAddress('deploy_url', install.deployUrl)
      const version = await findInstallable(install, call)
      found.set(install, version.pk)
      // The version says what it is whenever the install is shown.
      delete install.moduleVersion
    },
    columns: (install) => ({
      version_pk: found.get(install)!,
      visibility: visibilityOf(install.visibility, INVALID),
    }),
    async present(items, call) {
      const { read } = call.services.db
      const all = items.map(({ row }) => row)
      const owners = await ownersOf(
        read,
        all.map((row) => row.app_pk),
      )
      const versions = await placedVersions(
        read,
        all.map((row) => row.version_pk),
      )
      const keys = await keysOfInstalls(
        read,
        all.map((row) => row.pk),
        call.principal.user?.pk ?? 0,
      )
      for (const { row, message } of items) {
        const owner = owners.get(row.app_pk)
        const version = versions.get(row.version_pk)
        if (version) {
          const where = { moduleId: version.module_id, appId: version.app_id, userId: version.user_id }
          message.moduleVersion = showVersion(version, where)
        }
        message.appId = owner?.appId ?? ''
        message.userId = owner?.userId ?? ''
        message.keyId = keys.get(row.pk) ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
    afterCommit: (call) => call.services.directory.invalidate(),
  },
})

/** The version that an install names, as far as the caller may see it. */
async function findInstallable(install: InstalledModuleVersion, call: Call): Promise<Row<'module_versions'>> {
  const named = install.moduleVersion
  if (!named?.userId || !named.appId || !named.moduleId || !named.id) {
    throw invalidModule('module_version names what is installed by user_id, app_id, module_id and id; send all four.')
  }
  const { read } = call.services.db
  const place = await reach(call, named.userId, named.appId)
  const module = place?.app && (await moduleRows.get(read, place.app.pk, named.moduleId))
  if (!place || !module || module.visibility < visibleFrom(place)) throw missing(modules, named.moduleId)
  const version = await versionRows.get(read, module.pk, named.id)
  if (!version || version.visibility < visibleFrom(place)) throw missing(moduleVersions, named.id)
  if (install.deployUrl !== '' && place.user?.pk !== requireApp(call.target).user.pk) {
    throw invalidModule("deploy_url is only for apps of the module's own creator; leave it empty.")
  }
  return version
}

/**
 * Makes the caller's own key for an install, with the scopes that the module asks for; the one that the caller had for
 * it is gone. Its secret is in the answer and nowhere else (docs/decisions/0003-key-ids.md).
 */
export async function makeInstallKey(call: Call, install: Row<'installed_module_versions'>): Promise<Key> {
  const { db, clock, directory } = call.services
  const user = call.principal.user!
  const key = await db.transact(async (tx) => {
    const version = await versionRows.getByPk(tx, install.version_pk)
    if (!version) throw missing(installs, install.id)
    const grant = grantFor(toStored(moduleVersions, version).message, call.principal.scopes)
    await dropKeyOfInstall(tx, install.pk, user.pk)
    const wanted = {
      userPk: user.pk,
      kind: 'pat' as const,
      description: `For the installed module version ${install.id}`,
      installPk: install.pk,
      ...grant,
    }
    const { pk, secret } = await insertCredential(tx, wanted, clock.now())
    const row = (await keysByPk(tx, user.pk, [pk])).get(pk)!
    return Object.assign(presentKey(row, user), { id: secret })
  })
  directory.invalidate()
  return key
}
