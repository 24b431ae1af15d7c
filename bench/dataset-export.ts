import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { silentLog } from '../src/base/log.ts'
import { loadConfig } from '../src/config/config.ts'
import { encodeMessage } from '../src/contract/binary/index.ts'
import { InputBatchSchema, type InputSchema } from '../src/contract/index.ts'
import { StatusCode } from '../src/contract/status-code.ts'
import { buildServices } from '../src/main/services.ts'
import { addChunk } from '../src/store/repos/dataset-versions.ts'
import { apps, datasets, datasetVersions, users } from '../src/store/repos/families.ts'
import { Child } from './kit/child.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const TEXTS = 50_000
const PICTURES = 100_000
const CHUNK = 500
const ROUNDS = 5
const MEGABYTE = 1e6

interface Measured {
  readonly ms: number
  readonly addedBytes: number
  readonly size: number
}

type InputInit = MessageInitShape<typeof InputSchema>

/**
 * Exports of 50,000 annotated texts against writing the same bytes from memory into the same store, and the memory that
 * COCO of the labels of 100,000 pictures adds to its process.
 */
export async function run(): Promise<Result[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-bench-export-'))
  try {
    const texts = await makeVersion(dataDir, 'texts', TEXTS, text)
    const pictures = await makeVersion(dataDir, 'pictures', PICTURES, picture)
    const ours: number[] = []
    const baseline: number[] = []
    let size = 0
    for (let round = 0; round < ROUNDS; round++) {
      const measured = await measure(dataDir, texts, 'protobuf')
      ours.push(measured.ms)
      size = measured.size
      baseline.push((await measure(dataDir, texts, 'protobuf', 'baseline')).ms)
    }
    const coco = await measure(dataDir, pictures, 'coco')
    return [
      {
        name: `export of ${TEXTS} annotated texts, CLARIFAI_DATA_PROTOBUF`,
        ours: median(ours),
        baseline: median(baseline),
        unit: 'ms',
        ratio: median(ours) / median(baseline),
        aim: '<= 3',
        note: `${(size / MEGABYTE).toFixed(1)} MB; the baseline writes the bytes of the archive from memory into the blob store, with hash and flush; ours ${spread(ours, 0)}, baseline ${spread(baseline, 0)}`,
      },
      {
        name: `memory added by COCO of the labels of ${PICTURES} pictures`,
        ours: coco.addedBytes / MEGABYTE,
        unit: 'MB',
        aim: '<= 150',
        note: `most resident memory while it runs, over that before; ${(coco.size / MEGABYTE).toFixed(1)} MB in ${(coco.ms / 1000).toFixed(1)} s`,
      },
    ]
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function measure(dataDir: string, versionPk: number, format: string, baseline = ''): Promise<Measured> {
  const child = new Child('servers/export.ts', [dataDir, String(versionPk), format, baseline])
  return JSON.parse(await child.line()) as Measured
}

const hosted = (kind: string, at: number) => ({
  prefix: 'https://limpid.example/data',
  suffix: `users/bench/apps/bench/inputs/${kind}/${at.toString(16).padStart(32, '0')}`,
  sizes: ['orig'],
})

const concept = (at: number) => ({ id: `concept-${at % 200}`, name: `Concept ${at % 200}`, value: 1 })

const text = (at: number): InputInit => ({
  id: `text-${at}`,
  data: {
    text: {
      url: 'https://limpid.example/text',
      hosted: hosted('text', at),
      textInfo: { charCount: 200, encoding: 'UTF8' },
    },
    concepts: [concept(at), concept(at + 7)],
    metadata: { row: at, file: `part-${at % 97}.csv` },
    regions: [
      {
        id: at.toString(16).padStart(32, '0'),
        regionInfo: { span: { charStart: at % 50, charEnd: 60 } },
        data: { concepts: [concept(at + 1)] },
      },
    ],
  },
})

const picture = (at: number): InputInit => ({
  id: `picture-${at}`,
  data: {
    image: { hosted: hosted('image', at), imageInfo: { width: 640, height: 480, format: 'JPEG' } },
    concepts: [concept(at)],
    regions: [0, 1, 2].map((n) => ({
      id: `${at}-${n}`,
      regionInfo: { boundingBox: { topRow: 0.1, leftCol: 0.1 * n, bottomRow: 0.5, rightCol: 0.6 } },
      data: { concepts: [concept(at + n)] },
    })),
  },
})

/** A ready version straight in the store, with its parts as its own job writes them. */
async function makeVersion(
  dataDir: string,
  id: string,
  count: number,
  input: (at: number) => InputInit,
): Promise<number> {
  const built = await buildServices(loadConfig({}, { dataDir, log: 'silent', workers: '1' }), silentLog)
  try {
    const { db, blobs, clock } = built.services
    const now = clock.now()
    const row = { doc: '{}', visibility: 10, description: '', created_at: now, modified_at: now }
    const version = await db.transact(async (tx) => {
      const owner = (await users.get(tx, 0, 'admin'))!
      const app = await apps.insert(tx, { ...row, user_pk: owner.pk, id, name: id, default_workflow_pk: null })
      const dataset = await datasets.insert(tx, { ...row, app_pk: app.pk, id })
      const status = {
        status_code: StatusCode.DATASET_VERSION_READY,
        status_details: '',
        request_origin: 1,
        inputs_count: 0,
        job_id: '',
      }
      return datasetVersions.insert(tx, { ...row, ...status, dataset_pk: dataset.pk, id })
    })
    for (let start = 0; start < count; start += CHUNK) {
      const inputs = Array.from({ length: Math.min(CHUNK, count - start) }, (_, n) => input(start + n))
      const bytes = Buffer.from(encodeMessage(InputBatchSchema, create(InputBatchSchema, { inputs })))
      const { hash, size } = await blobs.put(bytes)
      const chunk = { version_pk: version.pk, position: start / CHUNK, hash, size, inputs: inputs.length }
      await db.transact((tx) => addChunk(tx, chunk, now))
    }
    return version.pk
  } finally {
    await built.close()
  }
}
