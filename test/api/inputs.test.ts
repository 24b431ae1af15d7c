import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Input, InputIDConflictResolution, type InputSchema } from '../../src/contract/index.ts'
import { methodInfo, Scope } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

// Three codes have an older name too.
const nameOf = (code = 0): string => (StatusCode[code] ?? '').replace('DOWNLOAD_', '')

type Given = MessageInitShape<typeof InputSchema>

describe('inputs', () => {
  let server: TestServer
  let app: TestApp
  let apps = 0

  before(async () => {
    server = await startTestServer()
  })
  after(() => server[Symbol.asyncDispose]())

  const fresh = async (): Promise<void> => {
    app = await makePlainApp(server, `app-${apps++}`)
  }
  const post = (inputs: Given[], more: { suffix?: boolean; job?: string; key?: string } = {}) =>
    server.call(
      'PostInputs',
      {
        userAppId: app.userAppId,
        inputs,
        inputIdConflictResolution: more.suffix ? InputIDConflictResolution.SUFFIX : InputIDConflictResolution.SKIP,
        inputsAddJobId: more.job ?? '',
      },
      more.key === undefined ? {} : { key: more.key },
    )
  const text = (id: string, more: Given['data'] = {}): Given => ({
    id,
    data: { text: { raw: `text ${id}` }, ...more } as Given['data'],
  })
  const get = async (id: string): Promise<Input> =>
    succeeded(await server.call('GetInput', { userAppId: app.userAppId, inputId: id })).input!
  const list = (request: object = {}) => server.call('ListInputs', { userAppId: app.userAppId, ...request })
  const ids = (inputs: readonly Input[]): string[] => inputs.map(({ id }) => id)
  const codes = (inputs: readonly Input[]): string[] => inputs.map(({ status }) => nameOf(status?.code))
  const counts = async () => succeeded(await server.call('GetInputCount', { userAppId: app.userAppId })).counts!
  const missing = async (id: string) =>
    refused(await server.call('GetInput', { userAppId: app.userAppId, inputId: id }), StatusCode.CONN_DOES_NOT_EXIST)

  test('are pending when posted, then processed; what was said about them comes back', async () => {
    await fresh()
    const { inputs } = succeeded(
      await post([
        text('one', {
          concepts: [
            { id: 'dog', value: 1 },
            { name: 'red fox', value: 0 },
          ],
          metadata: { a: 1.5, b: { c: [null, 'x'] } },
          geo: { geoPoint: { longitude: -30, latitude: 40 } },
        }),
      ]),
    )
    assert.deepEqual(codes(inputs), ['INPUT_PENDING'])
    assert.equal(inputs[0]!.status?.description, 'Download pending')
    await server.services.jobs.idle()
    const read = await get('one')
    assert.equal(nameOf(read.status?.code), 'INPUT_SUCCESS')
    assert.deepEqual(read.data?.metadata, { a: 1.5, b: { c: [null, 'x'] } })
    assert.deepEqual(read.data?.geo?.geoPoint?.longitude, -30)
    assert.deepEqual(
      read.data?.concepts.map(({ id, name, value, appId, userId }) => ({ id, name, value, appId, userId })),
      inputs[0]!.data?.concepts.map(({ id, name, value }) => ({
        id,
        name,
        value,
        appId: app.userAppId.appId,
        userId: 'admin',
      })),
    )
    assert.equal(read.data?.concepts[0]?.name, 'dog')
    assert.equal(read.data?.text?.raw, '')
    assert.match(read.data?.text?.url ?? '', /\/data\/orig\/users\/admin\/apps\/app-\d+\/inputs\/text\/[0-9a-f]{32}$/)
    assert.equal(read.data?.text?.textInfo?.charCount, 8)
    assert.deepEqual(read.data?.text?.hosted?.sizes, ['orig'])
  })

  test('get an id of 32 hexadecimal digits when they have none', async () => {
    await fresh()
    const { inputs } = succeeded(await post([{ data: { text: { raw: 'a' } } }, { data: { text: { raw: 'a' } } }]))
    for (const { id } of inputs) assert.match(id, /^[0-9a-f]{32}$/)
  })

  test('each fail by themselves: mixed where some are good, a failure where none is', async () => {
    await fresh()
    const bad: [Given, StatusCode, RegExp][] = [
      [{ id: 'empty' }, StatusCode.INPUT_INVALID_ARGUMENT, /no data/],
      [{ id: 'no:colon', data: { text: { raw: 'x' } } }, StatusCode.INPUT_INVALID_ARGUMENT, /not valid/],
      [{ data: { image: {} } }, StatusCode.INPUT_INVALID_ARGUMENT, /neither url nor content/],
      [{ data: { image: { url: 'ftp://x/y' } } }, StatusCode.INPUT_INVALID_URL, /http/],
      [
        { data: { image: { base64: new Uint8Array(21 << 20) } } },
        StatusCode.INPUT_OVER_LIMIT,
        /larger than the allowed/,
      ],
      [{ data: { text: { raw: 'half \ud800 of a pair' } } }, StatusCode.INPUT_INVALID_ARGUMENT, /Unicode/],
      [text('nan', { metadata: { deep: [{ n: Number.NaN }] } }), StatusCode.INPUT_INVALID_ARGUMENT, /NaN/],
      [text('huge', { metadata: { a: 'x'.repeat(1 << 20) } }), StatusCode.INPUT_INVALID_ARGUMENT, /too large/],
      [text('value', { concepts: [{ id: 'a', value: 1.5 }] }), StatusCode.INPUT_INVALID_ARGUMENT, /1.5/],
      [text('nameless', { concepts: [{ value: 1 }] }), StatusCode.INPUT_INVALID_ARGUMENT, /neither id nor name/],
      [text('geo', { geo: { geoPoint: { latitude: 91 } } }), StatusCode.INPUT_INVALID_ARGUMENT, /91/],
      [text('frames', { frames: [{}] }), StatusCode.INPUT_INVALID_ARGUMENT, /PostAnnotations/],
      [
        text('box', { regions: [{ regionInfo: { boundingBox: { topRow: 0.9, bottomRow: 0.1, rightCol: 1 } } }] }),
        StatusCode.INPUT_INVALID_ARGUMENT,
        /top_row/,
      ],
    ]
    const failed = refused(await post(bad.map(([input]) => input)), StatusCode.FAILURE)
    for (const [at, [, code, details]] of bad.entries()) {
      assert.equal(StatusCode[failed.inputs[at]!.status!.code], StatusCode[code], `item ${at}`)
      assert.match(failed.inputs[at]!.status!.details, details)
    }
    const mixed = refused(await post([bad[0]![0], text('good')]), StatusCode.MIXED_STATUS)
    assert.deepEqual(codes(mixed.inputs), ['INPUT_INVALID_ARGUMENT', 'INPUT_PENDING'])
    await server.services.jobs.idle()
    assert.deepEqual(ids(succeeded(await list()).inputs), ['good'])
    assert.equal((await counts()).processed, 1)
    assert.deepEqual(
      await server.services.db.read.selectFrom('concepts').select('id').where('app_pk', '=', app.pk).execute(),
      [],
      'nothing is left of what was refused',
    )
  })

  test('are refused as a whole when there are none, too many, or an unknown dataset', async () => {
    await fresh()
    refused(await post([]), StatusCode.INPUT_INVALID_REQUEST)
    const many = Array.from({ length: 129 }, (_, at) => text(`t${at}`))
    refused(await post(many), StatusCode.INPUT_OVER_LIMIT, /128/)
    refused(await post([{ ...text('a'), datasetIds: ['nowhere'] }]), StatusCode.CONN_DOES_NOT_EXIST, /nowhere/)
    assert.deepEqual(succeeded(await list()).inputs, [])
  })

  test('with an id that is taken are refused in the words that clients look for, or get a suffix', async () => {
    await fresh()
    succeeded(await post([text('a'), text('a-1')]))
    const skipped = refused(await post([text('a'), text('b')]), StatusCode.MIXED_STATUS)
    assert.equal(skipped.inputs[0]!.status?.details, 'Input has a duplicate ID.')
    assert.deepEqual(codes(skipped.inputs), ['DATABASE_DUPLICATE_KEY', 'INPUT_PENDING'])
    const renamed = succeeded(await post([text('a'), text('b')], { suffix: true }))
    assert.deepEqual(ids(renamed.inputs), ['a-2', 'b-1'])
    for (let n = 3; n <= 9; n++) assert.deepEqual(ids((await post([text('a')], { suffix: true })).inputs), [`a-${n}`])
    assert.match((await post([text('a')], { suffix: true })).inputs[0]!.id, /^a-[0-9a-f]{8}$/)
    const long = 'x'.repeat(48)
    succeeded(await post([text(long)]))
    assert.equal((await post([text(long)], { suffix: true })).inputs[0]!.id, `${'x'.repeat(46)}-1`)
    const repeated = refused(await post([text('new'), text('new')], { suffix: true }), StatusCode.MIXED_STATUS)
    assert.deepEqual(codes(repeated.inputs), ['INPUT_PENDING', 'DATABASE_DUPLICATE_KEY'])
  })

  test('may have an address only once, unless they say so', async () => {
    await fresh()
    const url = 'http://127.0.0.1:9/a.png'
    const image = (id: string, allowDuplicateUrl = false, at = url): Given => ({
      id,
      data: { image: { url: at, allowDuplicateUrl } },
    })
    const first = refused(
      await post([image('one'), image('two', false, ` ${url} `), image('three', true)]),
      StatusCode.MIXED_STATUS,
    )
    assert.deepEqual(codes(first.inputs), ['INPUT_PENDING', 'INPUT_DUPLICATE', 'INPUT_PENDING'])
    assert.equal(first.inputs[0]!.data?.image?.url, url)
    const second = refused(await post([image('four'), image('five', true)]), StatusCode.MIXED_STATUS)
    assert.deepEqual(codes(second.inputs), ['INPUT_DUPLICATE', 'INPUT_PENDING'])
    await server.services.jobs.idle()
    succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids: ['one', 'three', 'five'] }))
    succeeded(await post([image('six')]))
  })

  test('add unknown concepts only with the right to', async () => {
    await fresh()
    const key = await server.makeKey({
      userPk: app.owner.pk,
      appPk: app.pk,
      kind: 'app_key',
      scopes: methodInfo('PostInputs').scopes.map((scope) => Scope[scope]),
    })
    const labelled = text('a', { concepts: [{ id: 'new', value: 1 }] })
    refused(await post([labelled], { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
    await missing('a')
    succeeded(await server.call('PostConcepts', { userAppId: app.userAppId, concepts: [{ id: 'new' }] }))
    succeeded(await post([labelled], { key }))
  })

  test('with a picture and a text have both', async () => {
    await fresh()
    const image = { url: 'http://127.0.0.1:9/b.png' }
    const { inputs } = succeeded(await post([{ id: 'both', data: { image, text: { raw: 'a caption' } } }]))
    assert.ok(inputs[0]!.data?.image && inputs[0]!.data.text)
    const row = await server.services.db.read
      .selectFrom('inputs')
      .select('kinds')
      .where('app_pk', '=', app.pk)
      .executeTakeFirstOrThrow()
    assert.equal(row.kinds, 1 | 8)
  })

  test('with regions become annotations of their own', async () => {
    await fresh()
    const box = { regionInfo: { boundingBox: { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 } } }
    succeeded(await post([text('a', { regions: [{ ...box, data: { concepts: [{ id: 'cat', value: 1 }] } }, box] })]))
    const rows = await server.services.db.read
      .selectFrom('annotations')
      .select(['input_level', 'trusted', 'worker_id'])
      .where('app_pk', '=', app.pk)
      .orderBy('pk')
      .execute()
    assert.deepEqual(rows, [
      { input_level: 1, trusted: 1, worker_id: 'admin' },
      { input_level: 0, trusted: 1, worker_id: 'admin' },
      { input_level: 0, trusted: 1, worker_id: 'admin' },
    ])
    assert.deepEqual((await get('a')).data?.regions, [])
  })

  test('are listed newest first, page by page from either end, by status and by ids', async () => {
    await fresh()
    for (let n = 0; n < 3; n++) succeeded(await post(Array.from({ length: 5 }, (_, at) => text(`i${n * 5 + at}`))))
    await server.services.jobs.idle()
    const all = Array.from({ length: 15 }, (_, at) => `i${14 - at}`)
    const pages = []
    for (let page = 1; page <= 5; page++) pages.push(ids(succeeded(await list({ page, perPage: 4 })).inputs))
    assert.deepEqual(pages, [all.slice(0, 4), all.slice(4, 8), all.slice(8, 12), all.slice(12), []])
    assert.deepEqual(succeeded(await list({ page: 999_999_999, perPage: 1000 })).inputs, [])
    assert.deepEqual(ids(succeeded(await list({ ids: ['i3', 'i9', 'none', 'i3'] })).inputs), ['i9', 'i3'])
    assert.deepEqual(
      ids(succeeded(await list({ status: { code: StatusCode.INPUT_SUCCESS }, page: 2, perPage: 10 })).inputs),
      all.slice(10),
    )
    assert.deepEqual(succeeded(await list({ status: { code: StatusCode.INPUT_FAILED } })).inputs, [])
    refused(await list({ perPage: 1001 }), StatusCode.CONN_INVALID_REQUEST)
  })

  test('that failed make a page a mixed success', async () => {
    await fresh()
    succeeded(await post([text('good'), { id: 'bad', data: { image: { base64: Buffer.from('no picture at all') } } }]))
    await server.services.jobs.idle()
    const page = refused(await list(), StatusCode.MIXED_STATUS)
    assert.deepEqual(codes(page.inputs), ['INPUT_FAILED', 'INPUT_SUCCESS'])
    assert.match(page.inputs[0]!.status!.details, /not|image/)
    succeeded(await list({ status: { code: StatusCode.INPUT_SUCCESS } }))
    const { processed, errors, toProcess, processing } = await counts()
    assert.deepEqual(
      { processed, errors, toProcess, processing },
      { processed: 1, errors: 1, toProcess: 0, processing: 0 },
    )
  })

  test('come as a stream, oldest first after the last one, or by id', async () => {
    await fresh()
    succeeded(await post(['c', 'a', 'b', 'd'].map((id) => text(id))))
    await server.services.jobs.idle()
    const stream = (request: object = {}) => server.call('StreamInputs', { userAppId: app.userAppId, ...request })
    assert.deepEqual(ids(succeeded(await stream()).inputs), ['c', 'a', 'b', 'd'])
    assert.deepEqual(ids(succeeded(await stream({ lastId: 'a', perPage: 1 })).inputs), ['b'])
    assert.deepEqual(ids(succeeded(await stream({ descending: true, lastId: 'b' })).inputs), ['a', 'c'])
    assert.deepEqual(ids(succeeded(await stream({ orderById: true, lastId: 'b' })).inputs), ['c', 'd'])
    assert.deepEqual(ids(succeeded(await stream({ orderById: true, descending: true })).inputs), ['d', 'c', 'b', 'a'])
    refused(await stream({ lastId: 'nobody' }), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('are patched: merge adds, overwrite replaces, remove takes away', async () => {
    await fresh()
    succeeded(
      await post([
        text('p', {
          concepts: [
            { id: 'x', value: 1 },
            { id: 'y', value: 1 },
          ],
          metadata: { a: 1, b: { c: 1 } },
        }),
      ]),
    )
    const patch = async (action: string, data: Given['data']) => {
      const { inputs } = succeeded(
        await server.call('PatchInputs', { userAppId: app.userAppId, inputs: [{ id: 'p', data }], action }),
      )
      assert.deepEqual(codes(inputs), ['INPUT_MODIFY_SUCCESS'])
      const read = await get('p')
      assert.deepEqual(inputs[0]!.data, read.data)
      const { concepts = [], metadata, geo } = read.data ?? {}
      return { concepts: concepts.map(({ id, value }) => [id, value]), metadata, at: geo?.geoPoint?.longitude }
    }
    assert.deepEqual(
      await patch('merge', {
        concepts: [
          { id: 'x', value: 0 },
          { name: 'z', id: 'z', value: 1 },
        ],
        metadata: { b: { d: 2 } },
      }),
      {
        concepts: [
          ['x', 0],
          ['y', 1],
          ['z', 1],
        ],
        metadata: { a: 1, b: { c: 1, d: 2 } },
        at: undefined,
      },
    )
    const at = (longitude: number) => ({ geoPoint: { longitude, latitude: 2 } })
    assert.equal((await patch('merge', { geo: at(7) })).at, 7)
    assert.equal((await patch('merge', { geo: at(0) })).at, 0)
    assert.deepEqual((await patch('remove', { concepts: [{ id: 'x' }, { name: 'z' }] })).concepts, [['y', 1]])
    assert.deepEqual((await patch('remove', { metadata: { b: { c: 0 } } })).metadata, { a: 1, b: { d: 2 } })
    assert.deepEqual(await patch('overwrite', { concepts: [{ id: 'w', value: 1 }] }), {
      concepts: [['w', 1]],
      metadata: { a: 1, b: { d: 2 } },
      at: 0,
    })
    assert.deepEqual((await patch('overwrite', { metadata: { only: true } })).metadata, { only: true })
    assert.equal((await patch('remove', { geo: at(0) })).at, undefined)
    assert.deepEqual((await patch('merge', { metadata: {} })).metadata, {})
  })

  test('are patched all or none', async () => {
    await fresh()
    succeeded(await post([text('p', { metadata: { a: 1 } })]))
    const patch = (inputs: Given[], action = 'merge') =>
      server.call('PatchInputs', { userAppId: app.userAppId, inputs, action })
    const good = { id: 'p', data: { metadata: { a: 2 } } }
    refused(await patch([good, { id: 'nobody' }]), StatusCode.CONN_DOES_NOT_EXIST, /nobody/)
    refused(await patch([good], 'replace'), StatusCode.INPUT_INVALID_ARGUMENT, /merge/)
    refused(await patch([]), StatusCode.INPUT_INVALID_ARGUMENT)
    refused(await patch(Array.from({ length: 129 }, () => good)), StatusCode.INPUT_OVER_LIMIT)
    refused(
      await patch([good, { id: 'p', data: { text: { raw: 'new' } } }]),
      StatusCode.INPUT_INVALID_ARGUMENT,
      /cannot be changed/,
    )
    refused(
      await patch([good, { id: 'p', data: { concepts: [{ id: 'a', value: 2 }] } }]),
      StatusCode.INPUT_INVALID_ARGUMENT,
    )
    refused(
      await patch([good, { id: 'p', data: { regions: [{}] } }]),
      StatusCode.INPUT_INVALID_ARGUMENT,
      /PatchAnnotations/,
    )
    assert.deepEqual((await get('p')).data?.metadata, { a: 1 })
    succeeded(await patch([good, { id: 'p', data: { metadata: { b: 3 } } }]))
    assert.deepEqual((await get('p')).data?.metadata, { a: 2, b: 3 })
  })

  test('are gone at once when deleted, with all that belongs to them', async () => {
    await fresh()
    succeeded(await post([text('a', { concepts: [{ id: 'x', value: 1 }] }), text('b'), text('c')]))
    await server.services.jobs.idle()
    succeeded(await server.call('DeleteInput', { userAppId: app.userAppId, inputId: 'a' }))
    await missing('a')
    refused(
      await server.call('DeleteInput', { userAppId: app.userAppId, inputId: 'a' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids: ['b', 'nobody'] }))
    succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids: [] }))
    refused(
      await server.call('DeleteInputs', {
        userAppId: app.userAppId,
        ids: Array.from({ length: 129 }, (_, n) => `${n}`),
      }),
      StatusCode.INPUT_INVALID_ARGUMENT,
    )
    assert.deepEqual(ids(succeeded(await list()).inputs), ['c'])
    assert.equal((await counts()).processed, 1)
    const { read } = server.services.db
    const left = await read.selectFrom('annotations').select('pk').where('app_pk', '=', app.pk).execute()
    assert.equal(left.length, 1)
  })

  test('with very many annotations are gone at once too, and their rows a little later', async () => {
    await fresh()
    succeeded(await post([text('heavy'), text('light')]))
    await server.services.jobs.idle()
    const { db } = server.services
    const pk = (await db.read.selectFrom('inputs').select('pk').where('id', '=', 'heavy').executeTakeFirstOrThrow()).pk
    await db.transact(async (tx) => {
      const row = await tx.selectFrom('annotations').selectAll().where('input_pk', '=', pk).executeTakeFirstOrThrow()
      const { pk: _, ...copy } = row
      for (let n = 0; n < 5_100; n += 300) {
        const rows = Array.from({ length: 300 }, (_, at) => ({ ...copy, id: `n${n + at}`, input_level: 0 as const }))
        await tx.insertInto('annotations').values(rows).execute()
      }
    })
    succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids: ['heavy', 'light'] }))
    await missing('heavy')
    await missing(`gone:${pk}`)
    assert.deepEqual(succeeded(await list()).inputs, [])
    assert.equal((await counts()).processed, 0)
    await server.services.jobs.idle()
    const left = await db.read.selectFrom('inputs').select('pk').where('app_pk', '=', app.pk).execute()
    assert.deepEqual(left, [])
    succeeded(await post([text('heavy')]))
  })

  test('can be counted under an add job, over several calls', async () => {
    await fresh()
    const first = succeeded(await post([text('a'), text('b')], { job: 'my-job' }))
    assert.equal(first.inputsAddJob?.id, 'my-job')
    await post([text('a'), text('c')], { job: 'my-job' })
    await server.services.jobs.idle()
    const job = async () =>
      succeeded(await server.call('GetInputsAddJob', { userAppId: app.userAppId, id: 'my-job' })).inputsAddJob!
    const { progress, status } = await job()
    assert.deepEqual(
      [progress?.pendingCount, progress?.inProgressCount, progress?.successCount, progress?.failedCount],
      [0n, 0n, 3n, 1n],
    )
    assert.equal(StatusCode[status!.code], 'JOB_COMPLETED')
    succeeded(await post([text('d')], { job: 'other' }))
    const listed = succeeded(await server.call('ListInputsAddJobs', { userAppId: app.userAppId }))
    assert.deepEqual(
      listed.inputsAddJobs.map(({ id }) => id),
      ['other', 'my-job'],
    )
    const call = { userAppId: app.userAppId, id: 'my-job' }
    refused(await server.call('CancelInputsAddJob', call), StatusCode.JOB_CONFLICT, /has ended/)
    for (const name of ['GetInputsAddJob', 'CancelInputsAddJob'] as const) {
      refused(await server.call(name, { ...call, id: 'nobody' }), StatusCode.CONN_DOES_NOT_EXIST)
    }
    assert.equal(succeeded(await post([text('e')])).inputsAddJob, undefined)
  })

  test('change the search marker of their app', async () => {
    await fresh()
    const marker = async () =>
      succeeded(await server.call('GetApp', { userAppId: app.userAppId })).app?.extraInfo?.searchRevisionMarker
    const before = await marker()
    succeeded(await post([text('a')]))
    assert.notEqual(await marker(), before)
    const { counts } = succeeded(
      await server.call('GetApp', { userAppId: app.userAppId, additionalFields: ['counts'] }),
    ).app!.extraInfo!
    assert.equal(counts?.inputs, 1n)
    const resources = succeeded(await server.call('GetResourceCounts', { userAppId: app.userAppId }))
    assert.equal(resources.inputs, 1n)
  })
})
