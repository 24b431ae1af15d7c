import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import sharp from 'sharp'
import type { AnnotationSchema, RegionInfoSchema, Status } from '../../src/contract/index.ts'
import type { RpcName } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { buildVersionJob } from '../../src/domain/datasets/versions/build-job.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Info = MessageInitShape<typeof RegionInfoSchema>
type Given = MessageInitShape<typeof AnnotationSchema>

const { CONN_DOES_NOT_EXIST, ANNOTATION_INVALID_ARGUMENT, COLLECTOR_MISSING } = StatusCode
const ALL = ['merge', 'overwrite', 'remove']
const TEXT = 'ten chars.'

/** Each call that patches data of an app: what patches the thing `x`, by which actions, and what says that it is none. */
const PATCHES: readonly {
  readonly rpc: RpcName
  readonly request: object
  readonly actions: readonly string[]
  readonly missing: StatusCode
  /** The refusal is that of its item. */
  readonly each?: boolean
}[] = [
  {
    rpc: 'PatchInputs',
    request: { inputs: [{ id: 'x', data: { metadata: { a: 1 } } }] },
    actions: ALL,
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchAnnotations',
    request: { annotations: [{ id: 'x', inputId: 'x', data: { metadata: { a: 1 } } }] },
    actions: ALL,
    missing: CONN_DOES_NOT_EXIST,
    each: true,
  },
  {
    rpc: 'PatchConcepts',
    request: { concepts: [{ id: 'x', name: 'X' }] },
    actions: ['overwrite'],
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchDatasets',
    request: { datasets: [{ id: 'x', description: 'd' }] },
    // `remove` takes the picture alone.
    actions: ['merge', 'overwrite'],
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchDatasetVersions',
    request: { datasetId: 'x', datasetVersions: [{ id: 'x', description: 'd' }] },
    actions: ['overwrite'],
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchAnnotationTracks',
    request: { inputId: 'x', annotationTracks: [{ id: 'x', sampleRateMs: 100 }] },
    actions: ['overwrite'],
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchAnnotationFilters',
    request: { annotationFilters: [{ id: 'x', search: { query: { filters: [] } } }] },
    actions: ['overwrite'],
    missing: CONN_DOES_NOT_EXIST,
  },
  {
    rpc: 'PatchCollectors',
    request: { collectors: [{ id: 'x', description: 'd' }] },
    actions: ['overwrite'],
    missing: COLLECTOR_MISSING,
  },
]

describe('bad input', () => {
  let server: TestServer
  let own: TestApp
  let foreign: TestApp
  let png: Buffer

  before(async () => {
    server = await startTestServer()
    png = await sharp({ create: { width: 6, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    own = await makePlainApp(server, 'own')
    foreign = await makePlainApp(server, 'foreign')
    for (const app of [own, foreign]) await fill(app)
    await server.services.jobs.idle()
  })
  after(() => server[Symbol.asyncDispose]())

  /** One of each thing, all with the id `x`. */
  async function fill({ userAppId }: TestApp): Promise<void> {
    const post = async (rpc: RpcName, request: object): Promise<unknown> =>
      succeeded((await server.call(rpc, { userAppId, ...request } as never)) as { status?: Status })
    await post('PostInputs', { inputs: [{ id: 'x', data: { text: { raw: TEXT } } }] })
    await server.services.jobs.idle()
    await post('PostAnnotations', { annotations: [{ id: 'x', inputId: 'x', data: { metadata: { b: 1 } } }] })
    await post('PostConcepts', { concepts: [{ id: 'x' }] })
    await post('PostDatasets', { datasets: [{ id: 'x' }] })
    await post('PostDatasetVersions', { datasetId: 'x', datasetVersions: [{ id: 'x' }] })
    await post('PostAnnotationTracks', { inputId: 'x', annotationTracks: [{ id: 'x', concept: { id: 'x' } }] })
    await post('PostAnnotationFilters', { annotationFilters: [{ id: 'x', search: { query: { filters: [] } } }] })
    const source = { modelUserId: 'clarifai', modelAppId: 'main', modelId: 'color-recognition' }
    const collectorSource = {
      apiPostModelOutputsCollectorSource: { ...source, postInputsKeyId: server.admin.pat },
    }
    await post('PostCollectors', { collectors: [{ id: 'x', preQueueRandomSample: 1, collectorSource }] })
  }

  const patch = async (rpc: RpcName, request: object, app = own, key?: string) =>
    (await server.call(rpc, { userAppId: app.userAppId, ...request } as never, key ? { key } : {})) as {
      status?: Status
      annotations?: { status?: Status }[]
    }

  for (const { rpc, request, actions, missing, each } of PATCHES) {
    test(`${rpc} knows ${actions.join(', ')} and no other action, and finds nothing of others`, async () => {
      for (const action of ['', 'merge', 'overwrite', 'remove', 'replace', 'MERGE']) {
        const answer = await patch(rpc, { ...request, action })
        if (actions.includes(action)) succeeded(answer)
        // Without an action each has its own, or demands one.
        else if (action !== '') assert.notEqual(answer.status?.code, StatusCode.SUCCESS, action)
      }
      const text = JSON.stringify(request, (_, value: unknown) => (value === 'x' ? 'nothing' : value))
      const action = actions.includes('overwrite') ? 'overwrite' : actions[0]
      const absent = await patch(rpc, { ...(JSON.parse(text) as object), action })
      const code = each ? absent.annotations![0]!.status!.code : absent.status!.code
      assert.equal(StatusCode[code], StatusCode[missing], absent.status?.details)
      const stranger = await server.makeUser(`stranger-${rpc.toLowerCase()}`)
      refused(await patch(rpc, { ...request, action }, own, stranger.pat), CONN_DOES_NOT_EXIST)
    })
  }

  test('ids of other apps are ids of nothing', async () => {
    const { userAppId } = own
    succeeded(
      await server.call('PostInputs', {
        userAppId: foreign.userAppId,
        inputs: [{ id: 'theirs', data: { text: { raw: 'a' } } }],
      }),
    )
    await server.services.jobs.idle()
    const annotations = [{ inputId: 'theirs', data: { concepts: [{ id: 'x' }] } }]
    const posted = await server.call('PostAnnotations', { userAppId, annotations })
    assert.equal(posted.annotations[0]!.status?.code, CONN_DOES_NOT_EXIST)
    const inputs = [{ id: 'theirs', data: { metadata: { taken: true } } }]
    refused(await server.call('PatchInputs', { userAppId, inputs, action: 'merge' }), CONN_DOES_NOT_EXIST)
    await server.call('DeleteInputs', { userAppId, ids: ['theirs'] })
    await server.services.jobs.idle()
    const kept = succeeded(await server.call('GetInput', { userAppId: foreign.userAppId, inputId: 'theirs' }))
    assert.equal(kept.input!.data!.metadata, undefined)
    const members = { userAppId, datasetId: 'x', datasetInputs: [{ input: { id: 'theirs' } }] }
    assert.notEqual((await server.call('PostDatasetInputs', members)).status?.code, StatusCode.SUCCESS)
  })

  const region = (regionInfo: Info): Given => ({ inputId: 'x', data: { regions: [{ regionInfo }] } })
  const post = async (given: Given): Promise<Status> => {
    const { annotations } = await server.call('PostAnnotations', { userAppId: own.userAppId, annotations: [given] })
    return annotations[0]!.status!
  }
  const refusedRegion = async (info: Info, details: RegExp): Promise<void> => {
    const status = await post(region(info))
    assert.equal(StatusCode[status.code], 'ANNOTATION_INVALID_ARGUMENT', status.details)
    assert.match(status.details, details)
  }

  test('spans end within the text of their input, also when they are patched or come with it', async () => {
    await refusedRegion({ span: { charStart: 0, charEnd: 11 } }, /text that has 10/)
    await refusedRegion({ token: { charStart: 3, charEnd: 400 } }, /text that has 10/)
    assert.equal((await post({ ...region({ span: { charStart: 0, charEnd: 10 } }), id: 'span' })).code, 24150)
    const annotations = [{ ...region({ span: { charStart: 0, charEnd: 11 } }), id: 'span' }]
    const patched = await patch('PatchAnnotations', { annotations, action: 'overwrite' })
    assert.equal(patched.annotations![0]!.status!.code, ANNOTATION_INVALID_ARGUMENT)
    const data = { text: { raw: 'short' }, regions: [{ regionInfo: { span: { charStart: 0, charEnd: 6 } } }] }
    const inputs = await server.call('PostInputs', { userAppId: own.userAppId, inputs: [{ data }] })
    assert.equal(inputs.inputs[0]!.status!.code, StatusCode.INPUT_INVALID_ARGUMENT)
  })

  test('masks are whole PNGs, also when they are patched or come with their input', async () => {
    const mask = (base64: Uint8Array): Info => ({ mask: { image: { base64 } } })
    await refusedRegion(mask(new Uint8Array(3)), /not a PNG/)
    await refusedRegion(mask(png.subarray(0, png.length - 20)), /cut off/)
    const damaged = Buffer.from(png)
    damaged[damaged.length - 20]! ^= 255
    await refusedRegion(mask(damaged), /PNG/)
    assert.equal((await post({ ...region(mask(png)), id: 'mask' })).code, StatusCode.ANNOTATION_SUCCESS)
    const annotations = [{ ...region(mask(damaged)), id: 'mask' }]
    const patched = await patch('PatchAnnotations', { annotations, action: 'overwrite' })
    assert.equal(patched.annotations![0]!.status!.code, ANNOTATION_INVALID_ARGUMENT)
    const data = { image: { base64: png }, regions: [{ regionInfo: mask(damaged) }] }
    const inputs = await server.call('PostInputs', { userAppId: own.userAppId, inputs: [{ data }] })
    assert.equal(inputs.inputs[0]!.status!.code, StatusCode.INPUT_INVALID_ARGUMENT)
    assert.match(inputs.inputs[0]!.status!.details, /mask/)
  })

  test('a hundred megabytes of metadata are refused for their item alone', async () => {
    const metadata = { huge: 'x'.repeat(100 * 1024 * 1024) }
    const inputs = [
      { id: 'huge', data: { text: { raw: 'a' }, metadata } },
      { id: 'small', data: { text: { raw: 'a' }, metadata: { a: 1 } } },
    ]
    const answer = await server.call('PostInputs', { userAppId: own.userAppId, inputs })
    assert.equal(answer.status?.code, StatusCode.MIXED_STATUS)
    assert.deepEqual(
      answer.inputs.map(({ status }) => status?.code),
      [StatusCode.INPUT_INVALID_ARGUMENT, StatusCode.INPUT_PENDING],
    )
    const annotation = await post({ inputId: 'x', data: { metadata } })
    assert.equal(annotation.code, ANNOTATION_INVALID_ARGUMENT)
  })

  test('a version whose job is cancelled has failed and stays so', async () => {
    const { jobs } = server.services
    const { run } = buildVersionJob
    const writable = buildVersionJob as { run: typeof run }
    const begun = Promise.withResolvers<string>()
    writable.run = async (ctx) => {
      begun.resolve(ctx.id)
      await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)))
    }
    try {
      const request = { userAppId: own.userAppId, datasetId: 'x' }
      succeeded(await server.call('PostDatasetVersions', { ...request, datasetVersions: [{ id: 'cut' }] }))
      assert.equal(await jobs.cancel(await begun.promise), true)
      await jobs.idle()
      const { datasetVersion } = succeeded(
        await server.call('GetDatasetVersion', { ...request, datasetVersionId: 'cut' }),
      )
      assert.equal(datasetVersion!.status?.code, StatusCode.DATASET_VERSION_FAILURE)
      assert.match(datasetVersion!.status!.details, /cancelled/)
    } finally {
      writable.run = run
    }
  })
})
