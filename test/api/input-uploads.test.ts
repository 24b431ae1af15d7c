import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { InputIDConflictResolution, type InputsUpload, type InputsUploadSchema } from '../../src/contract/index.ts'
import { methodInfo, Scope } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { picture } from '../../src/media/test-images.ts'
import { encodeTone, encodeVideo } from '../../src/media/test-media.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { tarOf, zipOf } from '../kit/archives.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

type Wish = Pick<
  Exclude<MessageInitShape<typeof InputsUploadSchema>, InputsUpload>,
  'inputsAddJobId' | 'inputTemplate' | 'inputIdConflictResolution'
>
type Part = { name: string; bytes: Uint8Array | string }

onEachEngine('inputs from uploaded archives', (engine) => {
  let server: TestServer
  let app: TestApp
  let apps = 0
  let media: Part[]

  before(async () => {
    server = await startOnEngine(engine)
    const photo = picture(64, 48)
    const tone = {
      container: 'wav',
      codec: 'pcm_s16le',
      hertz: 440,
      sampleRate: 16_000,
      channels: 1,
      seconds: 1,
    } as const
    media = [
      { name: 'photos/a.jpg', bytes: await photo.jpeg().toBuffer() },
      { name: 'photos/deep/b.png', bytes: await photo.png().toBuffer() },
      {
        name: 'film.mp4',
        bytes: await encodeVideo({
          container: 'mp4',
          codec: 'mpeg4',
          width: 64,
          height: 48,
          fps: 5,
          frames: 5,
          luma: () => 90,
        }),
      },
      { name: 'tone.wav', bytes: await encodeTone(tone) },
      { name: 'words.txt', bytes: 'words of one text' },
    ]
  })
  after(() => server[Symbol.asyncDispose]())

  const fresh = async (): Promise<void> => {
    app = await makePlainApp(server, `app-${apps++}`)
  }
  const open = (inputsUploads: MessageInitShape<typeof InputsUploadSchema>[], key?: string) =>
    server.call('PostInputsUploads', { userAppId: app.userAppId, inputsUploads }, key === undefined ? {} : { key })
  const put = (uploadId: string, data: Uint8Array) =>
    server.call('PutUploadContentParts', {
      userAppId: app.userAppId,
      uploadId,
      contentParts: [{ rangeStart: 0n, partNumber: 1n, data }],
    })
  /** Opens an upload for an archive, sends it, waits until all is over, and answers the add job. */
  const bringIn = async (bytes: Uint8Array, contentName: string, wish: Wish = {}) => {
    const upload = { contentName, contentLength: BigInt(bytes.length) }
    const { inputsAddJobs } = succeeded(await open([{ ...wish, upload }]))
    const job = inputsAddJobs[0]!
    succeeded(await put(job.uploads[0]!.id, bytes))
    await server.services.jobs.idle()
    return getJob(job.id)
  }
  const getJob = async (id: string) =>
    succeeded(await server.call('GetInputsAddJob', { userAppId: app.userAppId, id })).inputsAddJob!
  const ids = async (request: object = {}): Promise<string[]> =>
    (await server.call('ListInputs', { userAppId: app.userAppId, perPage: 1000, ...request })).inputs
      .map(({ id }) => id)
      .sort()
  const codeOf = (thing: { status?: { code: number } } | undefined): string => StatusCode[thing?.status?.code ?? 0]!
  const numbers = (progress: object | undefined): Record<string, number> =>
    Object.fromEntries(
      Object.entries(progress ?? {}).flatMap(([name, value]) =>
        typeof value === 'bigint' ? [[name, Number(value)]] : [],
      ),
    )
  const texts = (count: number, name = (n: number) => `t${n}.txt`): Part[] =>
    Array.from({ length: count }, (_, n) => ({ name: name(n), bytes: `text ${n}` }))

  test('come when the upload is whole, of every kind, each processed; jobs say how many', async () => {
    await fresh()
    const bytes = zipOf([...media, { name: 'README.bin', bytes: Buffer.from([0, 1, 2, 3]) }])
    const upload = { contentName: 'all.zip', contentLength: BigInt(bytes.length) }
    const opened = succeeded(await open([{ inputsAddJobId: 'mine', upload }])).inputsAddJobs[0]!
    assert.equal(opened.id, 'mine')
    assert.equal(codeOf(opened), 'JOB_RUNNING')
    assert.deepEqual(numbers(opened.progress), { pendingCount: 1, inProgressCount: 0, successCount: 0, failedCount: 0 })
    assert.equal(codeOf(opened.uploads[0]), 'UPLOAD_IN_PROGRESS')
    assert.deepEqual(opened.extractionJobs, [])

    succeeded(await put(opened.uploads[0]!.id, bytes))
    await server.services.jobs.idle()
    const done = await getJob('mine')
    assert.equal(codeOf(done), 'JOB_COMPLETED')
    assert.deepEqual(numbers(done.progress), { pendingCount: 0, inProgressCount: 0, successCount: 5, failedCount: 1 })
    const [extraction] = done.extractionJobs
    assert.equal(codeOf(extraction), 'JOB_COMPLETED')
    assert.match(extraction!.status!.details, /README\.bin/)
    assert.equal(extraction!.url, done.uploads[0]!.contentUrl)
    assert.deepEqual(numbers(extraction!.progress), {
      audioInputsCount: 1,
      imageInputsCount: 2,
      videoInputsCount: 1,
      textInputsCount: 1,
      pendingArchivesCount: 0,
      inProgressArchivesCount: 0,
      completedArchivesCount: 1,
      failedArchivesCount: 0,
    })
    assert.deepEqual(await ids({ status: { code: StatusCode.INPUT_SUCCESS } }), [
      'film',
      'photos-a',
      'photos-deep-b',
      'tone',
      'words',
    ])
    const got = succeeded(
      await server.call('GetInputsExtractionJob', { userAppId: app.userAppId, inputsExtractionJobId: extraction!.id }),
    )
    assert.deepEqual(got.inputsExtractionJob, extraction)
  })

  for (const [name, pack] of [
    ['x.tar', (bytes: Buffer) => bytes],
    ['x.tar.gz', (bytes: Buffer) => gzipSync(bytes)],
    ['x.tar.zst', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    test(`come out of ${name} too`, async () => {
      await fresh()
      const job = await bringIn(pack(tarOf(media)), name)
      assert.equal(codeOf(job), 'JOB_COMPLETED')
      assert.equal(numbers(job.progress).successCount, 5)
    })
  }

  test('are stored in several transactions where there are many', async () => {
    await fresh()
    const job = await bringIn(zipOf(texts(300, (n) => `d${n % 3}/t${n}.txt`)), 'many.zip')
    assert.equal(numbers(job.progress).successCount, 300)
    assert.equal((await ids()).length, 300)
  })

  test('get what the template says, in the name of the caller', async () => {
    await fresh()
    succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'set' }] }))
    const inputTemplate = {
      datasetIds: ['set'],
      data: {
        concepts: [
          { id: 'cat', value: 1 },
          { name: 'grey', value: 0 },
        ],
        metadata: { from: { archive: 1 } },
        geo: { geoPoint: { longitude: 1, latitude: 2 } },
      },
    }
    const job = await bringIn(zipOf(texts(3)), 'three.zip', { inputTemplate })
    assert.deepEqual(job.extractionJobs[0]!.inputTemplate?.datasetIds, ['set'])
    const { inputs } = succeeded(await server.call('ListInputs', { userAppId: app.userAppId }))
    for (const { data } of inputs) {
      assert.deepEqual(
        data?.concepts.map(({ name, value }) => [name, value]),
        [
          ['cat', 1],
          ['grey', 0],
        ],
      )
      assert.deepEqual(data?.metadata, { from: { archive: 1 } })
      assert.equal(data?.geo?.geoPoint?.latitude, 2)
    }
    const members = await server.call('ListDatasetInputs', { userAppId: app.userAppId, datasetId: 'set' })
    assert.equal(succeeded(members).datasetInputs.length, 3)
    const workers = await server.services.db.read
      .selectFrom('annotations')
      .select('worker_id')
      .distinct()
      .where('app_pk', '=', app.pk)
      .execute()
    assert.deepEqual(workers, [{ worker_id: 'admin' }])
  })

  test('whose ids are taken are refused, or get a suffix', async () => {
    await fresh()
    const parts = [...texts(2), { name: 't0.md', bytes: 'the same id' }]
    const first = await bringIn(zipOf(parts), 'a.zip')
    assert.deepEqual(numbers(first.progress), { pendingCount: 0, inProgressCount: 0, successCount: 2, failedCount: 1 })
    assert.match(first.extractionJobs[0]!.status!.details, /Input has a duplicate ID/)
    const again = await bringIn(zipOf(parts), 'a.zip')
    assert.equal(numbers(again.progress).failedCount, 3)
    const suffixed = await bringIn(zipOf(parts), 'a.zip', {
      inputIdConflictResolution: InputIDConflictResolution.SUFFIX,
    })
    assert.equal(numbers(suffixed.progress).successCount, 3)
    assert.deepEqual(await ids(), ['t0', 't0-1', 't0-2', 't1', 't1-1'])
  })

  test('share an add job, also with posted ones', async () => {
    await fresh()
    const upload = { contentName: 'x', contentLength: 4n }
    const { inputsAddJobs } = succeeded(
      await open([{ inputsAddJobId: 'shared', upload }, { inputsAddJobId: 'shared', upload }, { upload }]),
    )
    assert.deepEqual(
      inputsAddJobs.map((job) => job.uploads.length),
      [2, 1],
    )
    assert.match(inputsAddJobs[1]!.id, /^[0-9a-f]{32}$/)
    const inputs = [{ data: { text: { raw: 'posted' } } }]
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs, inputsAddJobId: 'shared' }))
    for (const one of inputsAddJobs[0]!.uploads) succeeded(await put(one.id, Buffer.from(`txt${one.id[0]}`)))
    await server.services.jobs.idle()
    const job = await getJob('shared')
    // Both files are called x.
    assert.deepEqual(numbers(job.progress), { pendingCount: 0, inProgressCount: 0, successCount: 2, failedCount: 1 })
  })

  test('can be made of an upload that was there before, once', async () => {
    await fresh()
    const bytes = zipOf(texts(2))
    const begin = async (id: string): Promise<void> => {
      const uploads = [{ id, contentName: 'x.zip', contentLength: BigInt(bytes.length) }]
      succeeded(await server.call('PostUploads', { userAppId: app.userAppId, uploads }))
    }
    await begin('whole')
    succeeded(await put('whole', bytes))
    await server.services.jobs.idle()
    assert.deepEqual(await ids(), [])
    succeeded(await open([{ upload: { id: 'whole' } }]))
    await server.services.jobs.idle()
    assert.deepEqual(await ids(), ['t0', 't1'])
    refused(await open([{ upload: { id: 'whole' } }]), StatusCode.UPLOAD_CONFLICT, /already/)

    await begin('later')
    const wish = { inputIdConflictResolution: InputIDConflictResolution.SUFFIX }
    succeeded(await open([{ ...wish, upload: { id: 'later' } }]))
    succeeded(await put('later', bytes))
    await server.services.jobs.idle()
    assert.deepEqual(await ids(), ['t0', 't0-1', 't1', 't1-1'])

    refused(await open([{ upload: { id: 'nobody' } }]), StatusCode.CONN_DOES_NOT_EXIST, /nobody/)
    await begin('gone')
    succeeded(await server.call('DeleteUploads', { userAppId: app.userAppId, ids: ['gone'] }))
    refused(await open([{ upload: { id: 'gone' } }]), StatusCode.UPLOAD_CANCELED)
  })

  test('survive that their upload is deleted, and keep nothing of it', async () => {
    await fresh()
    const job = await bringIn(zipOf(media), 'x.zip')
    succeeded(await server.call('DeleteUploads', { userAppId: app.userAppId, ids: [job.uploads[0]!.id] }))
    const held = await server.services.db.read
      .selectFrom('inputs_extraction_jobs')
      .select(['hash', 'sealed'])
      .where('app_pk', '=', app.pk)
      .execute()
    assert.deepEqual(held, [{ hash: null, sealed: '' }])
    assert.equal((await getJob(job.id)).uploads.length, 0)
    assert.equal((await ids({ status: { code: StatusCode.INPUT_SUCCESS } })).length, 5)
  })

  test('of a damaged archive come as far as it can be read, and its job has failed', async () => {
    await fresh()
    const noise = Buffer.from(Array.from({ length: 3_000 }, (_, n) => (n * 7919) % 251))
    const whole = tarOf([...texts(200), { name: 'noise', bytes: noise }])
    const cut = await bringIn(whole.subarray(0, whole.length - 2_000), 'cut.tar')
    assert.equal(numbers(cut.progress).successCount, 200)
    assert.equal(codeOf(cut.extractionJobs[0]), 'ARCHIVE_EXTRACT_FAILED')
    assert.equal(numbers(cut.extractionJobs[0]!.progress).failedArchivesCount, 1)
    assert.equal(codeOf(cut), 'JOB_COMPLETED')

    const junk = await bringIn(Buffer.from([0, 1, 2, 3]), 'junk.zip')
    assert.equal(codeOf(junk), 'JOB_FAILED')
    assert.match(junk.status!.details, /no archive/)
    const half = zipOf(texts(5))
    const broken = await bringIn(half.subarray(0, half.length - 30), 'half.zip')
    assert.equal(codeOf(broken), 'JOB_FAILED')
    assert.equal(codeOf(broken.extractionJobs[0]), 'ARCHIVE_EXTRACT_FAILED')
  })

  test('are refused by themselves where names, links or contents are bad', async () => {
    await fresh()
    const zip = zipOf([
      { name: '../../evil.txt', bytes: 'x' },
      { name: 'link.txt', bytes: '/etc/passwd', mode: 0o120777 },
      { name: 'nested.zip', bytes: zipOf(texts(1)) },
      { name: 'empty.txt', bytes: '' },
      { name: 'sum.txt', bytes: 'x', claimedSum: 7 },
      { name: 'big.txt', bytes: 'x'.repeat(20 * 1024 * 1024 + 1) },
      { name: 'good.txt', bytes: 'x' },
    ])
    const job = await bringIn(zip, 'x.zip')
    assert.deepEqual(numbers(job.progress), { pendingCount: 0, inProgressCount: 0, successCount: 1, failedCount: 6 })
    assert.deepEqual(await ids(), ['good'])
  })

  test('stop when the add job or the extraction is cancelled; what is there stays', async () => {
    await fresh()
    const upload = { contentName: 'x.zip', contentLength: 100n }
    const waiting = succeeded(await open([{ inputsAddJobId: 'stop', upload }])).inputsAddJobs[0]!
    const stopped = succeeded(await server.call('CancelInputsAddJob', { userAppId: app.userAppId, id: 'stop' }))
    assert.equal(codeOf(stopped.inputsAddJob), 'JOB_CANCELLED')
    assert.equal(codeOf(stopped.inputsAddJob?.uploads[0]), 'UPLOAD_CANCELED')
    assert.equal(numbers(stopped.inputsAddJob?.progress).pendingCount, 0)
    refused(await put(waiting.uploads[0]!.id, Buffer.alloc(100)), StatusCode.UPLOAD_CANCELED)
    refused(await open([{ inputsAddJobId: 'stop', upload }]), StatusCode.JOB_CONFLICT)
    refused(await server.call('CancelInputsAddJob', { userAppId: app.userAppId, id: 'stop' }), StatusCode.JOB_CONFLICT)

    const done = await bringIn(zipOf(texts(1)), 'x.zip')
    const cancel = (...wanted: string[]) =>
      server.call('CancelInputsExtractionJobs', { userAppId: app.userAppId, ids: wanted })
    refused(await cancel(done.extractionJobs[0]!.id), StatusCode.JOB_CONFLICT, /ended/)
    refused(await cancel('nobody'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await cancel(), StatusCode.CONN_INVALID_REQUEST)

    const { db } = server.services
    const bytes = zipOf(texts(400))
    const opened = succeeded(await open([{ upload: { contentName: 'y.zip', contentLength: BigInt(bytes.length) } }]))
      .inputsAddJobs[0]!
    succeeded(await put(opened.uploads[0]!.id, bytes))
    const { extractionJobs } = await getJob(opened.id)
    const { inputsExtractionJobs } = succeeded(await cancel(extractionJobs[0]!.id))
    assert.equal(codeOf(inputsExtractionJobs[0]), 'JOB_CANCELLED')
    await server.services.jobs.idle()
    const left = await db.read.selectFrom('inputs').select('pk').where('app_pk', '=', app.pk).execute()
    assert.ok(left.length < 401)
    assert.equal(codeOf(await getJob(opened.id)), left.length > 1 ? 'JOB_COMPLETED' : 'JOB_FAILED')
  })

  test('are refused before anything is opened where the request is bad', async () => {
    await fresh()
    const upload = { contentName: 'x', contentLength: 1n }
    refused(await open([]), StatusCode.CONN_INVALID_REQUEST)
    refused(await open([{}]), StatusCode.CONN_INVALID_REQUEST, /content_length/)
    refused(await open([{ upload: { ...upload, contentName: '' } }]), StatusCode.CONN_INVALID_REQUEST)
    refused(await open([{ upload, inputsAddJobId: 'not an id' }]), StatusCode.INPUT_INVALID_REQUEST)
    refused(
      await open([{ upload }, { upload, inputTemplate: { datasetIds: ['nowhere'] } }]),
      StatusCode.CONN_DOES_NOT_EXIST,
      /nowhere/,
    )
    refused(
      await open([{ upload, inputTemplate: { data: { concepts: [{ id: 'a', value: 7 }] } } }]),
      StatusCode.INPUT_INVALID_ARGUMENT,
      /input_template/,
    )
    const scopes = methodInfo('PostInputsUploads').scopes.map((scope) => Scope[scope])
    const key = await server.makeKey({ userPk: app.owner.pk, appPk: app.pk, kind: 'app_key', scopes })
    const labelled = { upload, inputTemplate: { data: { concepts: [{ id: 'new', value: 1 }] } } }
    refused(await open([labelled], key), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
    const { userAppId } = app
    assert.deepEqual(succeeded(await server.call('ListUploads', { userAppId })).uploads, [])
    assert.deepEqual(succeeded(await server.call('ListInputsAddJobs', { userAppId })).inputsAddJobs, [])
  })
})
