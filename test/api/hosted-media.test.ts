import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import sharp from 'sharp'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { DataSchema } from '../../src/contract/index.ts'
import { insertCredential, type NewCredential } from '../../src/domain/credentials/make.ts'
import { pathOf } from '../../src/domain/media/address.ts'
import { putMedium } from '../../src/domain/media/present.ts'
import { type RunningServer, startServer } from '../../src/main/server.ts'
import { sweepBlobs } from '../../src/maintenance/sweep-blobs.ts'
import { picture } from '../../src/media/test-images.ts'
import { hostForTest, type TestMedium } from '../kit/hosted.ts'

const PAT = 'a'.repeat(32)
const KEY = { authorization: `Key ${PAT}` }

describe('hosted media', () => {
  let dataDir: string
  let server: RunningServer
  let app: { pk: number; userPk: number }
  let photo: Buffer
  let medium: TestMedium
  let url: (size: string, medium?: TestMedium) => string

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'limpid-hosted-'))
    const config = loadConfig(
      {},
      { dataDir, pat: PAT, port: '0', log: 'silent', modelPull: 'off', tune: 'off', workers: '1' },
    )
    const noRuntime = {
      run: () => Promise.reject(new Error('no models here')),
      ready: () => Promise.resolve(),
      unload: () => Promise.resolve(),
      stats: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    }
    server = await startServer(config, silentLog, { runtime: noRuntime, clock: systemClock })
    app = await makeApp('photos', 10)
    photo = await picture(1600, 1200).jpeg().toBuffer()
    medium = await hostForTest(server.services, app.pk, photo)
    url = (size, of = medium) => `${server.url}/data/${size}/users/admin/apps/photos/inputs/${of.kind}/${of.id}`
  })

  after(async () => {
    await server.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  async function makeApp(id: string, visibility: number): Promise<{ pk: number; userPk: number }> {
    const { db, directory } = server.services
    const user = (await directory.user('admin'))!
    const pk = await db.transact(async (tx) => {
      const common = { doc: '{}', created_at: 1, modified_at: 1, name: id, description: '', default_workflow_pk: null }
      const row = await tx
        .insertInto('apps')
        .values({ ...common, user_pk: user.pk, id, visibility })
        .returning('pk')
        .executeTakeFirstOrThrow()
      return row.pk
    })
    return { pk, userPk: user.pk }
  }

  const makeKey = (wanted: NewCredential) =>
    server.services.db.transact((tx) => insertCredential(tx, wanted, server.services.clock.now()))

  const codeOf = async (answer: Response) => [
    answer.status,
    ((await answer.json()) as { status: { code: number } }).status.code,
  ]

  it('serves the original byte for byte, and the sizes', async () => {
    const answer = await fetch(url('orig'), { headers: KEY })
    assert.equal(answer.status, 200)
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), photo)
    const hash = createHash('sha256').update(photo).digest('hex')
    assert.equal(answer.headers.get('etag'), `"${hash}"`)
    assert.equal(answer.headers.get('content-type'), 'image/jpeg')
    assert.equal(answer.headers.get('content-length'), String(photo.length))
    assert.equal(answer.headers.get('accept-ranges'), 'bytes')
    assert.match(answer.headers.get('cache-control')!, /^private/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('content-security-policy'), 'sandbox')
    for (const [size, width] of [
      ['large', 1024],
      ['small', 512],
      ['tiny', 128],
    ] as const) {
      const file = await fetch(url(size), { headers: KEY })
      const found = await sharp(Buffer.from(await file.arrayBuffer())).metadata()
      assert.deepEqual([found.format, found.width, file.headers.get('content-type')], ['jpeg', width, 'image/jpeg'])
    }
  })

  it('is addressed as inputs show it', async () => {
    const data = create(DataSchema)
    putMedium(data, medium, { origin: server.services.origin, userId: 'admin', appId: 'photos' })
    const { hosted, imageInfo, hostedImageInfo } = data.image!
    assert.equal(hosted!.prefix, `${server.url}/data`)
    assert.deepEqual(hosted!.sizes, ['orig', 'large', 'small', 'tiny'])
    assert.equal(data.image!.url, url('orig'))
    assert.equal(`${hosted!.prefix}/tiny/${hosted!.suffix}`, url('tiny'))
    assert.equal(hosted!.crossorigin, 'use-credentials')
    assert.deepEqual(
      [imageInfo!.width, imageInfo!.height, imageInfo!.format, imageInfo!.colorMode],
      [1600, 1200, 'JPEG', 'RGB'],
    )
    assert.deepEqual([hostedImageInfo.tiny!.width, hostedImageInfo.tiny!.height], [128, 96])
  })

  it('answers ranges, HEAD and what the client has already', async () => {
    const part = await fetch(url('orig'), { headers: { ...KEY, range: 'bytes=100-199' } })
    assert.equal(part.status, 206)
    assert.equal(part.headers.get('content-range'), `bytes 100-199/${photo.length}`)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), photo.subarray(100, 200))
    const etag = part.headers.get('etag')!
    const tail = await fetch(url('tiny'), { headers: { ...KEY, range: 'bytes=-2' } })
    assert.deepEqual([...new Uint8Array(await tail.arrayBuffer())], [0xff, 0xd9], 'the end of a JPEG')
    const head = await fetch(url('orig'), { method: 'HEAD', headers: KEY })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(photo.length)])
    assert.equal((await head.arrayBuffer()).byteLength, 0)
    assert.equal((await fetch(url('orig'), { headers: { ...KEY, 'if-none-match': `W/"x", ${etag}` } })).status, 304)
    assert.equal((await fetch(url('orig'), { headers: { ...KEY, 'if-none-match': '"x"' } })).status, 200)
    const changed = await fetch(url('orig'), { headers: { ...KEY, range: 'bytes=0-1', 'if-range': '"other"' } })
    assert.equal(changed.status, 200)
    await changed.arrayBuffer()
    const several = await fetch(url('orig'), { headers: { ...KEY, range: 'bytes=0-1,5-6' } })
    assert.deepEqual([several.status, (await several.arrayBuffer()).byteLength], [200, photo.length])
    const bad = await fetch(url('orig'), { headers: { ...KEY, range: `bytes=${photo.length}-` } })
    assert.equal(bad.headers.get('content-range'), `bytes */${photo.length}`)
    assert.deepEqual(await codeOf(bad), [416, 11105])
  })

  it('lets in those who may see the input, by header, session or cookie', async () => {
    const session = (await makeKey({ userPk: app.userPk, kind: 'session', scopes: ['All'] })).secret
    for (const headers of [
      { authorization: `Bearer ${PAT}` },
      { 'x-clarifai-session-token': session },
      { cookie: `theme=dark; x_clarifai_session_token=${session}` },
      { cookie: `x-clarifai-api-key=${PAT}` },
    ]) {
      const answer = await fetch(url('tiny'), { headers })
      assert.equal(answer.status, 200, JSON.stringify(headers))
      await answer.arrayBuffer()
    }
  })

  it('shows nothing to others: 404 without a credential or right, 401 with a wrong one, 403 without the scope', async () => {
    assert.deepEqual(await codeOf(await fetch(url('orig'))), [404, 11101])
    for (const headers of [
      { authorization: `Key ${'b'.repeat(32)}` },
      { authorization: 'nonsense' },
      { 'x-clarifai-session-token': 'c'.repeat(32) },
      { cookie: `x_clarifai_session_token=${'d'.repeat(32)}` },
    ]) {
      assert.equal((await fetch(url('orig'), { headers })).status, 401, JSON.stringify(headers))
    }
    const stranger = await server.services.db.transact(async (tx) => {
      const row = { id: 'eve', doc: '{}', visibility: 50, password_hash: null, created_at: 1, modified_at: 1 }
      const { pk } = await tx.insertInto('users').values(row).returning('pk').executeTakeFirstOrThrow()
      return insertCredential(tx, { userPk: pk, kind: 'pat', scopes: ['All'] }, 1)
    })
    assert.equal((await fetch(url('orig'), { headers: { authorization: `Key ${stranger.secret}` } })).status, 404)
    const narrow = await makeKey({ userPk: app.userPk, appPk: app.pk, kind: 'app_key', scopes: ['Models_Get'] })
    const refused = await fetch(url('orig'), { headers: { authorization: `Key ${narrow.secret}` } })
    assert.deepEqual(await codeOf(refused), [403, 11007])
    const other = await makeApp('elsewhere', 10)
    const bound = await makeKey({ userPk: app.userPk, appPk: other.pk, kind: 'app_key', scopes: ['All'] })
    assert.equal((await fetch(url('orig'), { headers: { authorization: `Key ${bound.secret}` } })).status, 404)
    for (const path of [
      'medium',
      url('huge').slice(server.url.length + 1),
      `${url('orig').slice(server.url.length + 1)}0`,
    ]) {
      assert.equal((await fetch(`${server.url}/data/${path}`, { headers: KEY })).status, 404)
    }
    assert.deepEqual(await codeOf(await fetch(url('orig'), { method: 'DELETE', headers: KEY })), [405, 11103])
  })

  it('never takes the cookie of a page of another origin, but answers it with a key', async () => {
    const foreign = { origin: 'https://elsewhere.example' }
    const cookie = `x-clarifai-api-key=${PAT}`
    assert.equal((await fetch(url('tiny'), { headers: { ...foreign, cookie } })).status, 404)
    const withKey = await fetch(url('tiny'), { headers: { ...foreign, ...KEY } })
    assert.equal(withKey.status, 200)
    assert.equal(withKey.headers.get('access-control-allow-origin'), foreign.origin)
    assert.equal(withKey.headers.get('access-control-allow-credentials'), 'true')
    await withKey.arrayBuffer()
    assert.equal((await fetch(url('tiny'), { headers: { origin: server.url, cookie } })).status, 200)
    const preflight = await fetch(url('tiny'), {
      method: 'OPTIONS',
      headers: {
        ...foreign,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers.get('access-control-allow-origin'), foreign.origin)
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization')
  })

  it('opens to signed links, for one size and until they expire', async () => {
    const { mediaLinks, clock } = server.services
    const place = { userId: 'admin', appId: 'photos', kind: 'image', id: medium.id } as const
    const link = mediaLinks.sign(pathOf(place, 'tiny'), clock.now() + 60_000_000)
    const answer = await fetch(server.url + link)
    assert.equal(answer.status, 200)
    await answer.arrayBuffer()
    assert.equal((await fetch(server.url + link.replace('/tiny/', '/orig/'))).status, 401)
    assert.equal((await fetch(`${server.url}${link.replace(/expires=\d+/, 'expires=9999999999')}`)).status, 401)
    const old = mediaLinks.sign(pathOf(place, 'tiny'), clock.now() - 1_000_000)
    assert.deepEqual(await codeOf(await fetch(server.url + old)), [401, 11008])
  })

  it('may be kept by anybody where the app is public, and still needs a key', async () => {
    const open = await makeApp('gallery', 50)
    const { db, directory } = server.services
    const shown = await hostForTest(server.services, open.pk, Buffer.from('<h1>hello</h1>'))
    const address = `${server.url}/data/orig/users/admin/apps/gallery/inputs/text/${shown.id}`
    assert.equal((await fetch(address)).status, 404)
    await db.transact((tx) => tx.updateTable('users').set({ visibility: 50 }).where('id', '=', 'admin').execute())
    directory.invalidate()
    const answer = await fetch(address, { headers: KEY })
    assert.match(answer.headers.get('cache-control')!, /^public, max-age=\d+, immutable$/)
    assert.match(answer.headers.get('vary')!, /authorization/)
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(await answer.text(), '<h1>hello</h1>')
    assert.equal((await fetch(address)).status, 404)
  })

  it('speaks HTTP/2 on the same port, and goes on when a client stops reading', async () => {
    const big = Buffer.alloc(8 * 1024 * 1024, 'limpid ')
    const text = await hostForTest(server.services, app.pk, big)
    const session = http2.connect(server.url)
    try {
      const path = url('orig', text).slice(server.url.length)
      const read = (headers: object) =>
        new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
          const stream = session.request({ ':path': path, ...KEY, ...headers })
          const chunks: Buffer[] = []
          let status = 0
          stream.on('response', (answer) => (status = answer[':status']!))
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }))
          stream.on('error', reject)
        })
      const stalled = session.request({ ':path': path, ...KEY })
      await new Promise((resolve) => stalled.once('response', resolve))
      stalled.close(http2.constants.NGHTTP2_CANCEL)
      const whole = await read({})
      assert.equal(whole.status, 200)
      assert.ok(whole.body.equals(big))
      const part = await read({ range: 'bytes=7-12' })
      assert.deepEqual([part.status, part.body.toString()], [206, 'limpid'])
      assert.equal((await read({ ':method': 'HEAD' })).body.length, 0)
    } finally {
      session.close()
    }
  })

  it('keeps its files until the app goes, and then loses them with the sweep', async () => {
    const { db, blobs, clock } = server.services
    const temporary = await makeApp('temporary', 10)
    const bytes = await picture(1100, 900).jpeg().toBuffer()
    await hostForTest(server.services, temporary.pk, bytes)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const later = () => clock.now() + 60_000_000
    await sweepBlobs(db, blobs, later(), 0)
    assert.ok(await blobs.stat(hash))
    const kept = await filesIn(join(dataDir, 'blobs'))
    const gone = await fetch(`${server.url}/v2/users/admin/apps/temporary`, { method: 'DELETE', headers: KEY })
    assert.equal(gone.status, 200)
    assert.equal(await sweepBlobs(db, blobs, later(), 0), 2)
    assert.equal(await blobs.stat(hash), undefined)
    assert.equal(await filesIn(join(dataDir, 'blobs')), kept - 2)
  })
})

async function filesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}
