import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { UNFINISHED_UPLOADS_MAX, UPLOAD_BYTES_MAX, UPLOAD_KEPT_MICROS } from '../../src/domain/uploads/limits.ts'
import { sweepBlobs } from '../../src/maintenance/sweep-blobs.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { onEachEngine, type Place } from '../store/kit.ts'

const MIB = 1024 * 1024

/** Bytes that differ everywhere. */
function content(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at)
  return bytes
}

onEachEngine('uploads', (engine) => {
  let place: Place
  let server: TestServer
  let app: TestApp
  let apps = 0
  let late = 0

  before(async () => {
    place = await engine.place()
    const { location } = place
    const settings = 'url' in location ? { databaseUrl: location.url } : {}
    server = await startTestServer({
      settings,
      overrides: { clock: { ...systemClock, now: () => systemClock.now() + late } },
    })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await place.remove()
  })

  const fresh = async (): Promise<void> => {
    late = 0
    app = await makePlainApp(server, `app-${apps++}`)
  }
  const open = (uploads: { id?: string; contentName?: string; contentLength?: bigint }[]) =>
    server.call('PostUploads', { userAppId: app.userAppId, uploads })
  const begin = async (size: number): Promise<string> => {
    const { uploads } = succeeded(await open([{ contentName: 'x.bin', contentLength: BigInt(size) }]))
    return uploads[0]!.id
  }
  const put = (uploadId: string, ...parts: [start: number, data: Uint8Array, partNumber?: number][]) =>
    server.call('PutUploadContentParts', {
      userAppId: app.userAppId,
      uploadId,
      contentParts: parts.map(([start, data, number = 1]) => ({
        rangeStart: BigInt(start),
        partNumber: BigInt(number),
        data,
      })),
    })
  const get = (uploadId: string) => server.call('GetUpload', { userAppId: app.userAppId, uploadId })
  const remove = (...ids: string[]) => server.call('DeleteUploads', { userAppId: app.userAppId, ids })
  const codeOf = (upload: { status?: { code: number } } | undefined): string => StatusCode[upload?.status?.code ?? 0]!
  const stored = async (uploadId: string): Promise<Buffer> => {
    const { db, blobs } = server.services
    const { hash } = await db.read
      .selectFrom('uploads')
      .select('hash')
      .where('id', '=', uploadId)
      .executeTakeFirstOrThrow()
    return buffer(await blobs.read(hash!))
  }
  /** Blobs that rows count, and those that are on the disk after a sweep. */
  const named = async (): Promise<{ refs: number; blobs: number }> => {
    const { db, blobs, clock } = server.services
    await sweepBlobs(db, blobs, clock.now() + 1_000_000, 0)
    const rows = await db.read.selectFrom('blobs').select('ref_count').where('ref_count', '>', 0).execute()
    return { refs: rows.reduce((sum, { ref_count }) => sum + ref_count, 0), blobs: rows.length }
  }

  test('are in progress until every byte is there, whatever the order of the parts', async () => {
    await fresh()
    const bytes = content(1000)
    const { uploads } = succeeded(await open([{ contentName: 'photos.zip', contentLength: 1000n }]))
    const [upload] = uploads
    assert.equal(codeOf(upload), 'UPLOAD_IN_PROGRESS')
    assert.match(upload!.id, /^[0-9a-f]{32}$/)
    assert.equal(upload!.contentName, 'photos.zip')
    assert.equal(upload!.contentUrl, '')
    assert.ok(upload!.expiresAt!.seconds > upload!.createdAt!.seconds)

    const first = succeeded(await put(upload!.id, [600, bytes.subarray(600), 3])).upload!
    assert.equal(codeOf(first), 'UPLOAD_IN_PROGRESS')
    assert.equal(first.status?.percentCompleted, 40)
    assert.equal(first.status?.details, 'Missing bytes: 0-599.')
    succeeded(await put(upload!.id, [100, bytes.subarray(100, 300), 2]))
    assert.equal(succeeded(await get(upload!.id)).upload!.status?.details, 'Missing bytes: 0-99, 300-599.')
    const done = succeeded(await put(upload!.id, [300, bytes.subarray(300, 600)], [0, bytes.subarray(0, 100)])).upload!
    assert.equal(codeOf(done), 'UPLOAD_DONE')
    assert.match(done.contentUrl, /\/uploads\/users\/admin\/apps\/app-\d+\/[0-9a-f]{32}$/)
    assert.deepEqual(await stored(upload!.id), bytes)
  })

  test('in one part are whole at once, and nothing is kept twice', async () => {
    await fresh()
    const before = await named()
    const bytes = content(100_000)
    const id = await begin(bytes.length)
    assert.equal(codeOf(succeeded(await put(id, [0, bytes])).upload), 'UPLOAD_DONE')
    assert.deepEqual(await stored(id), bytes)
    assert.deepEqual(await named(), { refs: before.refs + 1, blobs: before.blobs + 1 })
    succeeded(await remove(id))
    assert.deepEqual(await named(), before)
  })

  test('take parts that come at the same time', async () => {
    await fresh()
    const bytes = content(4 * MIB)
    const id = await begin(bytes.length)
    const size = bytes.length / 32
    const parts = Array.from({ length: 32 }, (_, at) => at).sort((a, b) => ((a * 7) % 32) - ((b * 7) % 32))
    const answers = await Promise.all(
      parts.map((at) => put(id, [at * size, bytes.subarray(at * size, (at + 1) * size), at + 1])),
    )
    for (const answer of answers) succeeded(answer)
    assert.equal(codeOf(succeeded(await get(id)).upload), 'UPLOAD_DONE')
    assert.deepEqual(await stored(id), bytes)
  })

  test('let a part take the place of what was there of its range', async () => {
    await fresh()
    const before = await named()
    const bytes = content(300)
    const id = await begin(300)
    succeeded(await put(id, [0, Buffer.alloc(200, 1)]))
    succeeded(await put(id, [0, Buffer.alloc(200, 1)]))
    assert.deepEqual(await named(), { refs: before.refs + 1, blobs: before.blobs + 1 })
    succeeded(await put(id, [50, bytes.subarray(50, 150)]))
    succeeded(await put(id, [0, bytes.subarray(0, 60)], [140, bytes.subarray(140, 250)]))
    succeeded(await put(id, [250, bytes.subarray(250)]))
    assert.deepEqual(await stored(id), bytes)
  })

  test('bear the last part once more, but no other content once they are whole', async () => {
    await fresh()
    const bytes = content(500)
    const id = await begin(500)
    succeeded(await put(id, [0, bytes.subarray(0, 250)]))
    succeeded(await put(id, [250, bytes.subarray(250)]))
    assert.equal(codeOf(succeeded(await put(id, [250, bytes.subarray(250)])).upload), 'UPLOAD_DONE')
    refused(await put(id, [100, Buffer.alloc(10)]), StatusCode.UPLOAD_CONFLICT, /complete/)
    assert.deepEqual(await stored(id), bytes)
  })

  test('refuse parts that fit nowhere, and store none of that call', async () => {
    await fresh()
    const id = await begin(100)
    refused(await put(id, [90, Buffer.alloc(11)]), StatusCode.UPLOAD_CONFLICT, /behind the 100 bytes/)
    refused(await put(id, [0, Buffer.alloc(50)], [100, Buffer.alloc(1)]), StatusCode.UPLOAD_CONFLICT)
    refused(await put(id, [2 ** 53, Buffer.alloc(1)]), StatusCode.UPLOAD_CONFLICT)
    refused(await put(id, [0, Buffer.alloc(0)]), StatusCode.UPLOAD_CONFLICT, /empty/)
    refused(await put(id, [0, Buffer.alloc(1), -1]), StatusCode.UPLOAD_CONFLICT, /-1/)
    refused(await put(id), StatusCode.CONN_INVALID_REQUEST)
    refused(await put('nobody', [0, Buffer.alloc(1)]), StatusCode.CONN_DOES_NOT_EXIST, /nobody/)
    assert.equal(succeeded(await get(id)).upload!.status?.details, 'Missing bytes: 0-99.')
  })

  test('are refused without a name, without content, or too large; ids only once', async () => {
    await fresh()
    const good = { contentName: 'a', contentLength: 1n }
    for (const [bad, says] of [
      [{ contentName: 'a', contentLength: 0n }, /content_length is 0/],
      [{ contentName: 'a', contentLength: BigInt(UPLOAD_BYTES_MAX) + 1n }, /content_length/],
      [{ contentName: 'a', contentLength: 2n ** 64n - 1n }, /content_length/],
      [{ contentName: ' ', contentLength: 1n }, /content_name/],
      [{ contentName: 'a\nb', contentLength: 1n }, /content_name/],
      [{ contentName: 'ä'.repeat(513), contentLength: 1n }, /content_name/],
      [{ ...good, id: 'no id' }, /not valid/],
    ] as const) {
      refused(await open([good, bad]), StatusCode.CONN_INVALID_REQUEST, says)
    }
    refused(await open([]), StatusCode.CONN_INVALID_REQUEST)
    refused(await open(Array.from({ length: 129 }, () => good)), StatusCode.CONN_INVALID_REQUEST)
    refused(
      await open([
        { ...good, id: 'mine' },
        { ...good, id: 'mine' },
      ]),
      StatusCode.DATABASE_DUPLICATE_KEY,
      /already exists/,
    )
    const listed = succeeded(await server.call('ListUploads', { userAppId: app.userAppId }))
    assert.deepEqual(listed.uploads, [])
    succeeded(await open([{ ...good, id: 'mine' }]))
  })

  test('are seen by nobody from outside the app', async () => {
    await fresh()
    const id = await begin(10)
    const mine = app
    await fresh()
    refused(await get(id), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await put(id, [0, Buffer.alloc(10)]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await remove(id), StatusCode.CONN_DOES_NOT_EXIST)
    const stranger = await server.makeUser(`stranger-${apps}`)
    for (const visibility of [10, 50]) {
      succeeded(
        await server.call('PatchApps', {
          userAppId: { userId: 'admin' },
          apps: [{ id: mine.userAppId.appId, visibility: { gettable: visibility } }],
          action: 'overwrite',
        }),
      )
      const answer = await server.call('GetUpload', { userAppId: mine.userAppId, uploadId: id }, { key: stranger.pat })
      assert.ok(answer.status?.code !== StatusCode.SUCCESS && !answer.upload)
    }
  })

  test('are listed newest first, page by page', async () => {
    await fresh()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.unshift(await begin(n + 1))
    const list = async (request: object) =>
      succeeded(await server.call('ListUploads', { userAppId: app.userAppId, ...request })).uploads.map(({ id }) => id)
    assert.deepEqual(await list({}), ids)
    assert.deepEqual(await list({ page: 2, perPage: 2 }), ids.slice(2, 4))
  })

  test('stop when they are deleted, and go when they had ended', async () => {
    await fresh()
    const before = await named()
    const id = await begin(100)
    succeeded(await put(id, [0, content(50)]))
    refused(await remove(id, 'nobody'), StatusCode.CONN_DOES_NOT_EXIST, /nobody/)
    succeeded(await remove(id))
    assert.deepEqual(await named(), before)
    assert.equal(codeOf(succeeded(await get(id)).upload), 'UPLOAD_CANCELED')
    refused(await put(id, [50, content(50)]), StatusCode.UPLOAD_CANCELED)
    succeeded(await remove(id))
    refused(await get(id), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await remove(), StatusCode.CONN_INVALID_REQUEST)
  })

  test('expire a week after their last part, and their content goes', async () => {
    await fresh()
    const [half, whole] = [await begin(100), await begin(100)]
    late = UPLOAD_KEPT_MICROS / 2
    succeeded(await put(half, [0, content(50)]))
    succeeded(await put(whole, [0, content(100)]))
    const { jobs } = server.services
    const tick = async (): Promise<void> => {
      await jobs.hurry()
      await jobs.idle()
    }
    late = UPLOAD_KEPT_MICROS * 1.2
    await tick()
    assert.equal(codeOf(succeeded(await get(half)).upload), 'UPLOAD_IN_PROGRESS')
    late = UPLOAD_KEPT_MICROS * 1.6
    refused(await put(half, [50, content(50)]), StatusCode.UPLOAD_EXPIRED)
    await tick()
    assert.equal(codeOf(succeeded(await get(half)).upload), 'UPLOAD_EXPIRED')
    refused(await put(half, [50, content(50)]), StatusCode.UPLOAD_EXPIRED)
    refused(await get(whole), StatusCode.CONN_DOES_NOT_EXIST)
    // Those of the other tests have gone too.
    assert.deepEqual(await named(), { refs: 0, blobs: 0 })
    late = UPLOAD_KEPT_MICROS * 2.7
    await tick()
    refused(await get(half), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('of which too many are unfinished are refused', async () => {
    await fresh()
    const { db } = server.services
    const id = await begin(1)
    const row = await db.read.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    const { pk: _pk, ...rest } = row
    await db.transact(async (tx) => {
      for (let n = 1; n < UNFINISHED_UPLOADS_MAX; n++) {
        await tx
          .insertInto('uploads')
          .values({ ...rest, id: `u${n}` })
          .execute()
      }
    })
    refused(await open([{ contentName: 'a', contentLength: 1n }]), StatusCode.CONN_EXCEEDS_LIMITS, /finish or delete/)
  })

  test('whose stored parts are lost or damaged fail, and nothing of them is kept', async () => {
    await fresh()
    const before = await named()
    const id = await begin(900)
    succeeded(await put(id, [0, content(500)]))
    const { blobs } = server.services
    await blobs.delete(createHash('sha256').update(content(500)).digest('hex'))
    const { upload } = succeeded(await put(id, [500, content(400)]))
    assert.equal(codeOf(upload), 'UPLOAD_FAILED')
    assert.match(upload!.status!.details, /upload it again/)
    refused(await put(id, [0, content(500)]), StatusCode.UPLOAD_FAILED, /begin a new one/)
    assert.deepEqual(await named(), before)
  })
})
