import type { Log } from '../../base/log.ts'
import type { Vault } from '../../base/vault.ts'
import { ModelVersionSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import type { Database } from '../../store/database.ts'
import { readMeta, writeMeta } from '../../store/repos/meta.ts'
import { replaceSealed, secretsAfter } from '../../store/repos/secrets.ts'
import { replaceVersionDoc, versionsWithSecrets } from '../../store/repos/version-secrets.ts'
import { modelTypes } from '../../workflow/model-types/index.ts'
import { contextOf } from '../secrets/resource.ts'
import { sealSecrets, secretsOf } from './secrets.ts'

/** Id of the key that all stored secrets were sealed with. */
const SEALED_WITH = 'secrets.key-id'
/** Versions that one transaction looks at. */
const PAGE = 200

/**
 * Seals the secrets of all stored versions, and those of users, with the newest key: those that an older program wrote as they were, and
 * those under older keys. Does nothing when that is done already; may be begun again after any interruption.
 */
export async function sealStored(db: Database, vault: Vault, log: Log): Promise<void> {
  if ((await readMeta(db.read, SEALED_WITH)) === vault.keyId) return
  const secretTypes = [...modelTypes.keys()].filter((id) => secretsOf(id).length > 0)
  let sealed = 0
  for (let after = 0; ; ) {
    const rows = await versionsWithSecrets(db.read, secretTypes, after, PAGE)
    const last = rows.at(-1)
    if (!last) break
    sealed += await db.transact(async (tx) => {
      let changed = 0
      for (const { pk, doc, model_type_id: typeId } of rows) {
        const closed = encodeDoc(sealSecrets(vault, typeId, decodeDoc(ModelVersionSchema, doc)))
        if (closed !== doc && (await replaceVersionDoc(tx, pk, doc, closed))) changed++
      }
      return changed
    })
    after = last.pk
  }
  await sealUserSecrets(db, vault)
  await db.transact((tx) => writeMeta(tx, SEALED_WITH, vault.keyId))
  if (sealed > 0) log.info({ versions: sealed }, 'Stored secrets were sealed with the newest key')
}

/** Brings the secrets of users under the newest key. */
async function sealUserSecrets(db: Database, vault: Vault): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await secretsAfter(db.read, after, PAGE)
    const last = rows.at(-1)
    if (!last) return
    await db.transact(async (tx) => {
      for (const { pk, user_pk, id, sealed } of rows) {
        const closed = vault.reseal(sealed, contextOf(user_pk, id))
        if (closed !== sealed) await replaceSealed(tx, pk, sealed, closed)
      }
    })
    after = last.pk
  }
}
