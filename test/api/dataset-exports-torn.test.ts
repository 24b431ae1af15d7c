import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../../src/contract/binary/index.ts'
import {
  DatasetVersionExportFormat as Format,
  type InputBatch,
  InputBatchSchema,
  type InputSchema,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { exportJob, exportVersionJob } from '../../src/domain/datasets/exports/job.ts'
import { exportParts } from '../../src/store/repos/dataset-exports.ts'
import { addChunk } from '../../src/store/repos/dataset-versions.ts'
import { datasets, datasetVersions } from '../../src/store/repos/families.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { readZip } from '../kit/zips.ts'
import { onEachEngine } from '../store/kit.ts'

const CHUNKS = 5
const INPUTS = 4

const FORMATS = [Format.CLARIFAI_DATA_PROTOBUF, Format.CLARIFAI_DATA_JSON, Format.COCO] as const

/** Pictures with boxes and labels, some with a caption, and texts. */
const input = (at: number): MessageInitShape<typeof InputSchema> => {
  const concepts = [{ id: `c${at % 3}`, name: `Concept ${at % 3}`, value: at % 2 }]
  if (at % 4 === 3) return { id: `text-${at}`, data: { text: { url: 'https://limpid.example/t' }, concepts } }
  const boundingBox = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.6 }
  const region = { id: `r${at}`, regionInfo: { boundingBox }, data: { concepts: [{ id: 'box', value: 1 }] } }
  return {
    id: `picture-${at}`,
    data: {
      image: { imageInfo: { width: 640, height: 480, format: 'JPEG' } },
      ...(at % 5 === 0 && { text: { raw: `Caption ${at}` } }),
      concepts,
      regions: [region],
    },
  }
}

onEachEngine('exports of dataset versions', (engine) => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startOnEngine(engine)
    app = await makeApp(server, 'exported')
    succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'set' }] }))
  })
  after(() => server[Symbol.asyncDispose]())

  /** A ready version straight in the store, of several parts. */
  const makeVersion = async (id: string): Promise<{ pk: number; firstPart: string }> => {
    const { db, blobs, clock } = server.services
    const now = clock.now()
    const { pk } = await db.transact(async (tx) => {
      const dataset = (await datasets.get(tx, app.pk, 'set'))!
      return datasetVersions.insert(tx, {
        dataset_pk: dataset.pk,
        id,
        doc: '{}',
        description: '',
        visibility: 10,
        status_code: StatusCode.DATASET_VERSION_READY,
        status_details: '',
        request_origin: 1,
        inputs_count: 0,
        job_id: '',
        created_at: now,
        modified_at: now,
      })
    })
    let firstPart = ''
    for (let position = 0; position < CHUNKS; position++) {
      const inputs = Array.from({ length: INPUTS }, (_, n) => input(position * INPUTS + n))
      const { hash, size } = await blobs.put(encodeMessage(InputBatchSchema, create(InputBatchSchema, { inputs })))
      await db.transact((tx) => addChunk(tx, { version_pk: pk, position, hash, size, inputs: INPUTS }, now))
      firstPart ||= hash
    }
    return { pk, firstPart }
  }
  const put = (datasetVersionId: string, format: Format) =>
    server.call('PutDatasetVersionExports', {
      userAppId: app.userAppId,
      datasetId: 'set',
      datasetVersionId,
      exports: [{ format }],
    })
  const exported = async (id: string, format: Format): Promise<Buffer> => {
    const [done] = succeeded(await put(id, format)).exports
    assert.equal(done?.status?.code, StatusCode.DATASET_VERSION_EXPORT_SUCCESS, done?.status?.details)
    const { hash } = await server.services.db.read
      .selectFrom('dataset_version_exports')
      .select('hash')
      .where('media_id', '=', /([0-9a-f]{32})\.zip$/.exec(done!.url)![1]!)
      .executeTakeFirstOrThrow()
    return Buffer.from(await server.services.blobs.bytes(hash!, 1e9))
  }
  /** Makes exports end a part at every mark while `work` goes on. */
  const inManyParts = async (work: () => Promise<void>): Promise<void> => {
    const { run } = exportVersionJob
    Object.assign(exportVersionJob, { run: exportJob(0).run })
    try {
      await work()
    } finally {
      Object.assign(exportVersionJob, { run })
    }
  }
  const namedByExports = async () =>
    (await server.services.db.read.selectFrom('blobs').select('hash').where('ref_count', '>', 0).execute()).length

  test('that are torn at every part go on behind the last and become the same file, in every format', async (t) => {
    const { pk: wholePk } = await makeVersion('whole')
    const { pk: tornPk, firstPart } = await makeVersion('torn')
    for (const format of FORMATS) {
      await t.test(Format[format], async () => {
        succeeded(await put('whole', format))
        await server.services.jobs.idle()
        const whole = await exported('whole', format)
        assert.deepEqual(await exportParts(server.services.db.read, wholePk, format), [])
        const namedBefore = await namedByExports()

        const { blobs } = server.services
        const { bytes } = blobs
        let readAgain = 0
        let mostParts = 0
        blobs.bytes = async (hash, bytesMax) => {
          const { length } = await exportParts(server.services.db.read, tornPk, format)
          mostParts = Math.max(mostParts, length)
          // Of COCO every run looks through all parts for concepts.
          if (hash === firstPart && length > 0 && format !== Format.COCO) readAgain++
          return bytes.call(blobs, hash, bytesMax)
        }
        await inManyParts(async () => {
          const torn = await whileTorn(server, exportVersionJob, async () => succeeded(await put('torn', format)))
          assert.ok(torn.tears >= 6, `${torn.tears} tears`)
        })
        blobs.bytes = bytes
        assert.ok(mostParts >= 3 && readAgain === 0, `${mostParts} parts, ${readAgain} reads of what was written`)
        assert.ok(whole.equals(await exported('torn', format)))
        assert.deepEqual(await exportParts(server.services.db.read, tornPk, format), [])
        assert.equal(await namedByExports(), namedBefore, 'the parts are released')

        const files = await readZip(whole)
        if (format === Format.COCO) {
          const labels = JSON.parse(files.get('annotations/labels.json')!.toString())
          assert.equal(labels.inputs.length, CHUNKS * INPUTS)
          assert.equal(JSON.parse(files.get('annotations/captions.json')!.toString()).annotations.length, 3)
        } else if (format === Format.CLARIFAI_DATA_PROTOBUF) {
          const batches = [...files].filter(([name]) => name !== 'mimetype')
          const ids = batches.flatMap(([, one]) =>
            (decodeMessage(InputBatchSchema, one) as InputBatch).inputs.map(({ id }) => id),
          )
          assert.deepEqual(
            ids,
            Array.from({ length: CHUNKS * INPUTS }, (_, at) => input(at).id),
          )
        } else assert.equal(files.size, CHUNKS + 1)
      })
    }
  })

  test('whose version is deleted between parts leave nothing behind; those that fail begin anew', async () => {
    const namedBefore = await namedByExports()
    const { run } = exportVersionJob
    const dropsAt = async (work: (parts: number) => Promise<void>, ask: () => Promise<unknown>) => {
      let parts = 0
      Object.assign(exportVersionJob, {
        run: (ctx: Parameters<typeof run>[0]) =>
          exportJob(0).run(
            new Proxy(ctx, {
              get: (of, name) =>
                name === 'checkpoint'
                  ? async (write: Parameters<typeof ctx.checkpoint>[0]) => {
                      await ctx.checkpoint(write)
                      await work(++parts)
                    }
                  : Reflect.get(of, name),
            }),
          ),
      })
      try {
        await ask()
        await server.services.jobs.idle()
      } finally {
        Object.assign(exportVersionJob, { run })
      }
    }
    const remove = async (id: string) =>
      succeeded(
        await server.call('DeleteDatasetVersions', {
          userAppId: app.userAppId,
          datasetId: 'set',
          datasetVersionIds: [id],
        }),
      )
    const { pk } = await makeVersion('deleted')
    await dropsAt(
      async (parts) => {
        if (parts === 3) await remove('deleted')
      },
      () => put('deleted', Format.COCO),
    )
    refused(await put('deleted', Format.COCO), StatusCode.CONN_DOES_NOT_EXIST)
    assert.deepEqual(await exportParts(server.services.db.read, pk, Format.COCO), [])
    assert.equal(await namedByExports(), namedBefore)

    const failing = await makeVersion('failing')
    await dropsAt(
      async (parts) => {
        if (parts === 3) throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
      },
      async () => {
        const [asked] = succeeded(await put('failing', Format.CLARIFAI_DATA_JSON)).exports
        assert.equal(asked!.status?.code, StatusCode.DATASET_VERSION_EXPORT_PENDING)
        await server.services.jobs.idle()
        const parts = await exportParts(server.services.db.read, failing.pk, Format.CLARIFAI_DATA_JSON)
        assert.equal(parts.length, 2)
        const [job] = await server.services.jobs.list({ kind: 'dataset-export', status: 'queued' })
        await server.services.jobs.cancel(job!.id)
      },
    )
    assert.deepEqual(await exportParts(server.services.db.read, failing.pk, Format.CLARIFAI_DATA_JSON), [])
    succeeded(await put('failing', Format.CLARIFAI_DATA_JSON))
    await server.services.jobs.idle()
    assert.ok((await exported('failing', Format.CLARIFAI_DATA_JSON)).length > 0)
    await remove('failing')
    assert.equal(await namedByExports(), namedBefore)
  })
})
