import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { openVault, VAULT_KEY_FILE } from '../../src/base/vault-key.ts'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import { backup, backupPath } from '../../src/maintenance/backup.ts'
import { restore } from '../../src/maintenance/restore.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { releaseBlob, retainBlob } from '../../src/store/repos/blob-rows.ts'
import { users } from '../../src/store/repos/families.ts'
import { newUser, onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const NOW = new Date('2030-01-02T03:04:05Z')
const says = (sentence: RegExp) => (error: unknown) => isAppError(error) && sentence.test(error.details)

describe('backup and restore', () => {
  it('bring back rows and blobs as they were', () =>
    withServer(async ({ db, blobs, folder }) => {
      const stored = [await addUserWithBlob(db, blobs, 'ann'), await addUserWithBlob(db, blobs, 'bob')]
      const dropped = await addUserWithBlob(db, blobs, 'gone')
      await db.transact((tx) => releaseBlob(tx, dropped, 1))
      const manifest = await backup(db, blobs, join(folder, 'backup'), NOW)
      assert.equal(manifest.createdAt, '2030-01-02T03:04:05.000Z')
      assert.deepEqual(manifest.blobs.map((blob) => blob.sha256).sort(), [...stored].sort())
      await addUserWithBlob(db, blobs, 'later')
      await restore(join(folder, 'backup'), join(folder, 'restored'))
      await atFolder(join(folder, 'restored'), async (restored, restoredBlobs) => {
        assert.deepEqual(await ids(restored), ['ann', 'bob', 'gone'])
        for (const hash of stored) assert.match(String(await restoredBlobs.bytes(hash, 1_000)), /^content of/)
        await addUserWithBlob(restored, restoredBlobs, 'new')
      })
    }))

  it('take along the keys that open the secrets, for their owner only, and miss them when they are lost', () =>
    withServer(async ({ db, blobs, folder }) => {
      const dataDir = join(folder, 'data')
      const sealed = (await openVault(dataDir)).seal('secret', 'here')
      const [source, target] = [join(folder, 'backup'), join(folder, 'restored')]
      assert.ok((await backup(db, blobs, source, NOW, dataDir)).secretKey)
      await restore(source, target)
      assert.equal((await stat(join(target, VAULT_KEY_FILE))).mode & 0o777, 0o600)
      assert.equal((await openVault(target)).open(sealed, 'here'), 'secret')
      await writeFile(join(source, VAULT_KEY_FILE), 'ab')
      await assert.rejects(restore(source, join(folder, 'second')), says(/secret\.key of the backup is damaged/))
      await rm(join(source, VAULT_KEY_FILE))
      await assert.rejects(restore(source, join(folder, 'third')), says(/lacks its secret\.key/))
    }))

  it('taken while 4 writers and deletes go on, hold one moment: every row before it and every blob of its rows', () =>
    withServer(async ({ db, blobs, folder }) => {
      const acknowledged: string[] = []
      let running = true
      const write = async (writer: number) => {
        for (let index = 0; running; index++) {
          const id = `w${writer}-${index}`
          const hash = await addUserWithBlob(db, blobs, id)
          acknowledged.push(id)
          if (index % 3 === 0) {
            await db.transact((tx) => releaseBlob(tx, hash, index))
            void blobs.delete(hash)
          }
        }
      }
      const writers = Array.from({ length: 4 }, (_, writer) => write(writer))
      for (let round = 0; round < 2; round++) {
        const before = [...acknowledged]
        const manifest = await backup(db, blobs, join(folder, `backup-${round}`), NOW)
        await restore(join(folder, `backup-${round}`), join(folder, `restored-${round}`))
        await atFolder(join(folder, `restored-${round}`), async (restored, restoredBlobs) => {
          const found = new Set(await ids(restored))
          for (const id of before) assert.ok(found.has(id), `${id} was acknowledged before the backup`)
          const rows = await restored.read.selectFrom('blobs').selectAll().where('ref_count', '>', 0).execute()
          assert.equal(rows.length, manifest.blobs.length)
          for (const { hash, size } of rows) assert.equal((await restoredBlobs.bytes(hash, size)).length, size)
        })
      }
      running = false
      await Promise.all(writers)
      assert.ok(acknowledged.length > 4)
    }))

  it('refuse folders that have something in them', () =>
    withServer(async ({ db, blobs, folder }) => {
      const full = join(folder, 'full')
      await mkdir(full)
      await writeFile(join(full, 'precious'), 'precious')
      await assert.rejects(backup(db, blobs, full, NOW), says(/is not empty: choose a new one/))
      await backup(db, blobs, join(folder, 'backup'), NOW)
      await assert.rejects(restore(join(folder, 'backup'), full), says(/is not empty/))
      assert.equal(await readFile(join(full, 'precious'), 'utf8'), 'precious')
    }))

  it('refuse a backup that is unfinished, damaged or incomplete', () =>
    withServer(async ({ db, blobs, folder }) => {
      const hash = await addUserWithBlob(db, blobs, 'ann')
      const source = join(folder, 'backup')
      const attempt = (name: string) => restore(source, join(folder, name))
      await backup(db, blobs, source, NOW)
      const manifest = await readFile(join(source, 'manifest.json'), 'utf8')
      await rm(join(source, 'manifest.json'))
      await assert.rejects(attempt('a'), says(/not a complete backup/))
      await writeFile(join(source, 'manifest.json'), '{"format": 1}')
      await assert.rejects(attempt('b'), says(/not a backup manifest/))
      await writeFile(join(source, 'manifest.json'), manifest)
      const blob = join(source, backupPath(hash))
      // The blob in the backup is a second name of the stored file, so the damaged one must be a file of its own.
      await rm(blob)
      await assert.rejects(attempt('c'), says(/is missing/))
      await writeFile(blob, 'content of eve')
      await assert.rejects(attempt('d'), says(/is damaged/))
      await writeFile(blob, 'content of ann')
      await chmod(join(source, 'limpid.db'), 0o600)
      await writeFile(join(source, 'limpid.db'), 'X', { flag: 'r+' })
      await assert.rejects(attempt('e'), says(/database in the backup is damaged/))
      await assert.rejects(readFile(join(folder, 'e', 'limpid.db')), { code: 'ENOENT' })
    }))

  it('refuse when the database names a blob that is not stored', () =>
    withServer(async ({ db, blobs, folder }) => {
      await blobs.delete(await addUserWithBlob(db, blobs, 'ann'))
      await assert.rejects(backup(db, blobs, join(folder, 'backup'), NOW), says(/There is no stored content/))
      await assert.rejects(restore(join(folder, 'backup'), join(folder, 'restored')), says(/not a complete backup/))
    }))
})

onEachEngine('the copy of a database', (engine) => {
  it('is made, or refused with the name of the right tool', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      try {
        const copy = db.snapshot(join(folder, 'copy.db'))
        if (engine.name === 'postgres') await assert.rejects(copy, says(/pg_dump/))
        else {
          await copy
          await assert.rejects(db.snapshot(join(folder, 'copy.db')), says(/exists: choose a new one/))
        }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

async function addUserWithBlob(db: Database, blobs: BlobStore, id: string): Promise<string> {
  const { hash, size } = await blobs.put(Buffer.from(`content of ${id}`))
  await db.transact(async (tx) => {
    await users.insert(tx, newUser(id))
    await retainBlob(tx, { hash, size, contentType: 'text/plain' }, 1)
  })
  return hash
}

async function ids(db: Database): Promise<string[]> {
  return (await db.read.selectFrom('users').select('id').orderBy('pk').execute()).map((row) => row.id)
}

async function atFolder(dataDir: string, use: (db: Database, blobs: BlobStore) => Promise<void>): Promise<void> {
  await using db = await openDatabase({ dataDir }, silentLog)
  const blobs = await openDiskBlobs(dataDir)
  await use(db, blobs).finally(() => blobs.close())
}

async function withServer(
  test: (server: { db: Database; blobs: BlobStore; folder: string }) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder()
  try {
    await atFolder(join(folder, 'data'), (db, blobs) => test({ db, blobs, folder }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
