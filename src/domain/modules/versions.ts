import { checkId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type ModuleVersion, ModuleVersionSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { moduleVersions as rows } from '../../store/repos/families.ts'
import { placedVersions } from '../../store/repos/modules.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { toStored } from '../resource/verbs.ts'
import { SUB_NAVS_MAX } from './limits.ts'
import { checkAddress, invalidModule } from './problem.ts'
import { askedScopes } from './scopes.ts'

const INVALID = StatusCode.MODULE_INVALID_ARGUMENT

/** Versions of modules. Whether one is approved is decided by whoever runs the server, never by a call. */
export const moduleVersions = defineResource({
  kind: 'module version',
  desc: ModuleVersionSchema,
  rows,
  parentColumn: 'module_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'module version', INVALID),
  serverFields: ['module_id', 'app_id', 'user_id', 'created_at', 'modified_at', 'approved'],
  patch: { actions: ['merge'], fields: ['description', 'metadata', 'module_nav', 'notes', 'visibility'] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    validate(version) {
      checkTexts(version, INVALID)
      checkAddress('git_commit_url', version.gitCommitUrl)
      checkNavigation(version)
      askedScopes(version)
    },
    columns: ({ visibility }) => ({ visibility: visibilityOf(visibility, INVALID) }),
    async present(items, call) {
      const places = await placedVersions(
        call.services.db.read,
        items.map(({ row }) => row.pk),
      )
      for (const { row, message } of items) {
        const place = places.get(row.pk)
        fill(message, row, { moduleId: place?.module_id, appId: place?.app_id, userId: place?.user_id })
      }
    },
    // The keys of installs have gone with them.
    afterCommit: (call) => call.services.directory.invalidate(),
  },
})

function checkNavigation({ moduleNav: nav }: ModuleVersion): void {
  if (!nav) return
  if (nav.moduleSubNavs.length > SUB_NAVS_MAX) {
    throw invalidModule(`The version has ${nav.moduleSubNavs.length} module_sub_navs; use at most ${SUB_NAVS_MAX}.`)
  }
  const texts = [nav.title, ...nav.moduleSubNavs.flatMap((sub) => [sub.title, sub.queryKey, sub.queryValue])]
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (bytes > METADATA_BYTES_MAX) {
    throw invalidModule(`The texts of module_nav have ${bytes} bytes; use at most ${METADATA_BYTES_MAX}.`)
  }
}

/** Refuses to publish a version that nobody has approved. */
export async function refuseUnapproved(
  call: Call,
  module: { readonly pk: number },
  versions: readonly ModuleVersion[],
): Promise<void> {
  const open = versions.filter(({ visibility }) => (visibility?.gettable ?? 0) > Visible.PRIVATE)
  if (open.length === 0) return
  const ids = open.map(({ id }) => id)
  const known = await rows.getMany(call.services.db.read, module.pk, ids)
  const waiting = ids.find((id) => known.get(id)?.approved !== 1)
  if (waiting === undefined) return
  throw invalidModule(
    `The module version '${waiting}' is not approved, so it stays private; whoever runs the server approves it with 'npx limpid modules approve'.`,
  )
}

interface Where {
  readonly moduleId?: string | undefined
  readonly appId?: string | undefined
  readonly userId?: string | undefined
}

function fill(message: ModuleVersion, row: Row<'module_versions'>, where: Where): void {
  message.moduleId = where.moduleId ?? ''
  message.appId = where.appId ?? ''
  message.userId = where.userId ?? ''
  message.approved = row.approved === 1
  message.createdAt = toTimestamp(row.created_at)
  message.modifiedAt = toTimestamp(row.modified_at)
}

/** A version row as its message, where it is known already which module it belongs to. */
export function showVersion(row: Row<'module_versions'>, where: Where): ModuleVersion {
  const { message } = toStored(moduleVersions, row)
  fill(message, row, where)
  return message
}
