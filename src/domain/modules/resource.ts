import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { ModuleSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { modules as rows } from '../../store/repos/families.ts'
import { newestModuleVersions } from '../../store/repos/modules.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkImage, checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource, type Stored } from '../resource/define.ts'
import { invalidModule } from './problem.ts'
import { showVersion } from './versions.ts'

const INVALID = StatusCode.MODULE_INVALID_ARGUMENT

/** Modules: what a user has written for the pages of apps, of which versions are installed. */
export const modules = defineResource({
  kind: 'module',
  desc: ModuleSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.MODULE_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'module', INVALID),
  serverFields: ['created_at', 'modified_at', 'user_id', 'app_id', 'module_version', 'is_starred', 'star_count'],
  patch: {
    actions: ['overwrite', 'remove'],
    fields: ['description', 'visibility', 'metadata', 'image'],
    removes: 'image',
  },
  defaultSort: { column: 'modified_at', descending: true },
  sort: { sortByCreatedAt: 'created_at', sortByModifiedAt: 'modified_at', sortById: 'id' },
  hooks: {
    validate(module) {
      checkTexts(module, INVALID)
      checkImage(module.image, 'module', INVALID)
      const origin = module.bookmarkOrigin
      if (origin && (origin.id === '' || origin.appId === '' || origin.userId === '')) {
        throw invalidModule('A bookmark names its original by id, app_id and user_id; send all three.')
      }
    },
    columns: ({ description, visibility, bookmarkOrigin }) => ({
      description,
      visibility: visibilityOf(visibility, INVALID),
      is_bookmark: bookmarkOrigin ? (1 as const) : (0 as const),
    }),
    present,
    // The keys of installs have gone with them.
    afterCommit: (call) => call.services.directory.invalidate(),
  },
})

async function present(items: readonly Stored<typeof ModuleSchema, 'modules'>[], call: Call): Promise<void> {
  const { read } = call.services.db
  const owners = await ownersOf(
    read,
    items.map(({ row }) => row.app_pk),
  )
  const { target, principal } = call
  const own = ({ row }: (typeof items)[number]): boolean =>
    (target.rights !== 'viewer' && row.app_pk === target.app?.pk) ||
    (principal.app === undefined && owners.get(row.app_pk)?.userId === principal.user?.id)
  for (const all of [true, false]) {
    const pks = items.filter((item) => own(item) === all).map(({ row }) => row.pk)
    const newest = await newestModuleVersions(read, pks, all ? 0 : Visible.PUBLIC)
    for (const { row, message } of items) {
      const version = newest.get(row.pk)
      const owner = owners.get(row.app_pk)
      if (version) message.moduleVersion = showVersion(version, { moduleId: row.id, ...owner })
      message.appId = owner?.appId ?? ''
      message.userId = owner?.userId ?? ''
      message.createdAt = toTimestamp(row.created_at)
      message.modifiedAt = toTimestamp(row.modified_at)
    }
  }
}
