import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { inputs, media } from '../../src/store/repos/families.ts'
import {
  findMediaFile,
  mediaFilesOf,
  type NewMediaFile,
  releaseFilesOfMedia,
  releaseMediaOfInputs,
  setMediaFiles,
} from '../../src/store/repos/media.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const NOW = 5_000
const hashOf = (digit: string): string => digit.repeat(64)

const file = (sizeName: string, digit: string, start = 0): NewMediaFile => ({
  sizeName,
  hash: hashOf(digit),
  start,
  size: 10,
  contentType: 'image/jpeg',
  content: null,
  blobSize: 100,
})

async function counts(db: Database): Promise<Record<string, number>> {
  const rows = await db.read.selectFrom('blobs').select(['hash', 'ref_count']).execute()
  return Object.fromEntries(rows.map(({ hash, ref_count }) => [hash[0]!, ref_count]))
}

async function twoMedia(db: Database): Promise<{ appPk: number; inputPks: number[]; mediaPks: number[] }> {
  return db.transact(async (tx) => {
    const at = { doc: '{}', created_at: 1, modified_at: 1 }
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const [inputPks, mediaPks]: [number[], number[]] = [[], []]
    for (const id of ['one', 'two']) {
      const row = { ...at, app_pk: app.pk, id, kinds: 1, status_code: 1, status_details: '', add_job_pk: null }
      const input = await inputs.insert(tx, row)
      const medium = await media.insert(tx, { ...at, app_pk: app.pk, input_pk: input.pk, id, kind: 'image' })
      inputPks.push(input.pk)
      mediaPks.push(medium.pk)
    }
    return { appPk: app.pk, inputPks, mediaPks }
  })
}

onEachEngine('hosted media', (engine) => {
  it('finds a size by what its address names, and nothing by anything else', () =>
    withDatabase(engine, async (db) => {
      const { appPk, mediaPks } = await twoMedia(db)
      const text = new Uint8Array([104, 105])
      const inline = { ...file('orig', 'a'), content: text, size: 2, contentType: 'text/plain' }
      await db.transact((tx) =>
        setMediaFiles(tx, [{ mediaPk: mediaPks[0]!, files: [inline, file('tiny', 'b', 40)] }], NOW),
      )
      const found = await findMediaFile(db.read, appPk, 'image', 'one', 'orig')
      assert.deepEqual(
        { ...found, content: Uint8Array.from(found!.content!) },
        {
          sizeName: 'orig',
          hash: hashOf('a'),
          start: 0,
          size: 2,
          contentType: 'text/plain',
          content: text,
        },
      )
      assert.equal((await findMediaFile(db.read, appPk, 'image', 'one', 'tiny'))?.start, 40)
      assert.equal(await findMediaFile(db.read, appPk, 'image', 'one', 'large'), undefined)
      assert.equal(await findMediaFile(db.read, appPk, 'video', 'one', 'orig'), undefined)
      assert.equal(await findMediaFile(db.read, appPk, 'image', 'two', 'orig'), undefined)
      assert.equal(await findMediaFile(db.read, appPk + 1, 'image', 'one', 'orig'), undefined)
      const files = await mediaFilesOf(db.read, mediaPks)
      assert.deepEqual(
        files
          .get(mediaPks[0]!)!
          .map(({ sizeName }) => sizeName)
          .sort(),
        ['orig', 'tiny'],
      )
      assert.equal(files.has(mediaPks[1]!), false)
    }))

  it('counts every row that names a blob, and no content that stands in its row', () =>
    withDatabase(engine, async (db) => {
      const { mediaPks } = await twoMedia(db)
      const [one, two] = mediaPks as [number, number]
      const shared = [file('orig', 'a'), file('large', 'a'), file('small', 'b'), file('tiny', 'b', 10)]
      const inline = { ...file('orig', 'c'), content: new Uint8Array([1]) }
      await db.transact((tx) =>
        setMediaFiles(
          tx,
          [
            { mediaPk: one, files: shared },
            { mediaPk: two, files: [inline, file('tiny', 'a')] },
          ],
          NOW,
        ),
      )
      assert.deepEqual(await counts(db), { a: 3, b: 2 })
      // Set again, as a job does that was cut off before it could say that it was done.
      await db.transact((tx) => setMediaFiles(tx, [{ mediaPk: one, files: [file('orig', 'a')] }], NOW))
      assert.deepEqual(await counts(db), { a: 2, b: 0 })
    }))

  it('releases blobs with the inputs and with the app', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPks, mediaPks } = await twoMedia(db)
      const files = (digit: string) => [file('orig', digit), file('tiny', 'f')]
      await db.transact((tx) =>
        setMediaFiles(
          tx,
          [
            { mediaPk: mediaPks[0]!, files: files('a') },
            { mediaPk: mediaPks[1]!, files: files('b') },
          ],
          NOW,
        ),
      )
      assert.deepEqual(await counts(db), { a: 1, b: 1, f: 2 })
      await db.transact(async (tx) => {
        await releaseMediaOfInputs(tx, [inputPks[0]!], NOW)
        await inputs.deleteMany(tx, appPk, ['one'])
      })
      assert.deepEqual(await counts(db), { a: 0, b: 1, f: 1 })
      const rest = await db.read.selectFrom('media').select('pk').where('app_pk', '=', appPk).execute()
      const pks = rest.map(({ pk }) => pk)
      await db.transact((tx) => releaseFilesOfMedia(tx, pks, NOW))
      assert.deepEqual(await counts(db), { a: 0, b: 0, f: 0 })
    }))
})
