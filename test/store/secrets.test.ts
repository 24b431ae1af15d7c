import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { silentLog } from '../../src/base/log.ts'
import { Vault } from '../../src/base/vault.ts'
import { ModelVersionSchema } from '../../src/contract/index.ts'
import { decodeDoc, encodeDoc } from '../../src/contract/json/index.ts'
import { openSecrets } from '../../src/domain/models/secrets.ts'
import { sealStored } from '../../src/domain/models/stored-secrets.ts'
import type { Database } from '../../src/store/database.ts'
import { apps, models, modelVersions, users } from '../../src/store/repos/families.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

/** A model of a type with one version of these parameters, written as an older program did. */
async function plainVersion(db: Database, modelTypeId: string, params: object): Promise<number> {
  const now = { created_at: 1, modified_at: 1 }
  return db.transact(async (tx) => {
    const user = await users.insert(tx, newUser(`u-${modelTypeId}`))
    const app = await apps.insert(tx, newApp(user.pk, 'a'))
    const model = await models.insert(tx, {
      ...{ app_pk: app.pk, id: 'm', doc: '{}', name: '', description: '', visibility: 10, ...now },
      ...{ model_type_id: modelTypeId, is_bookmark: 0, is_featured: 0, latest_version_pk: null },
    })
    const doc = encodeDoc(create(ModelVersionSchema, { outputInfo: { params: params as never } }))
    const version = { model_pk: model.pk, id: 'v', doc, status_code: 21100, description: '', visibility: 10, ...now }
    return (await modelVersions.insert(tx, { ...version, completed_at: null })).pk
  })
}

const REMOTE = { remote: { base_url: 'http://a.example', api_key: { secret: 'sk-plain', origin: 'http://a.example' } } }

onEachEngine('stored secrets', (engine) => {
  it('that an older program wrote as they were are sealed at the start, and renewed with the key', () =>
    withDatabase(engine, async (db) => {
      const [old, young] = [randomBytes(32), randomBytes(32)]
      const remote = await plainVersion(db, 'text-to-text', REMOTE)
      const push = await plainVersion(db, 'sms', { auth_token: 'plain-token', other: 'shown' })
      const none = await plainVersion(db, 'visual-classifier', { auth_token: 'not secret here' })
      const docs = async () => {
        const rows = await db.read.selectFrom('model_versions').select(['pk', 'doc', 'modified_at']).execute()
        return new Map(rows.map(({ pk, doc }) => [pk, doc]))
      }
      const plain = await docs()
      for (const keys of [[old], [young, old]]) {
        await sealStored(db, new Vault(keys), silentLog)
        const sealed = await docs()
        assert.doesNotMatch([...sealed.values()].join(), /sk-plain|plain-token/)
        assert.equal(sealed.get(none), plain.get(none))
        const newest = new Vault([keys[0]!])
        const open = (pk: number, typeId: string) =>
          openSecrets(newest, typeId, decodeDoc(ModelVersionSchema, sealed.get(pk)!)).outputInfo!.params
        assert.deepEqual(open(remote, 'text-to-text'), REMOTE)
        assert.deepEqual(open(push, 'sms'), { auth_token: 'plain-token', other: 'shown' })
        await sealStored(db, new Vault(keys), silentLog)
        assert.deepEqual(await docs(), sealed)
      }
    }))

  it('whose key is lost stay as they are, and are refused with what to do', () =>
    withDatabase(engine, async (db) => {
      const remote = await plainVersion(db, 'text-to-text', REMOTE)
      await sealStored(db, new Vault([randomBytes(32)]), silentLog)
      const before = (await modelVersions.getByPk(db.read, remote))!.doc
      const other = new Vault([randomBytes(32)])
      await sealStored(db, other, silentLog)
      assert.equal((await modelVersions.getByPk(db.read, remote))!.doc, before)
      assert.throws(() => openSecrets(other, 'text-to-text', decodeDoc(ModelVersionSchema, before)), {
        details: /LIMPID_SECRET_KEY/,
      })
    }))
})
