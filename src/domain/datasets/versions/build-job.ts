import { AppError } from '../../../base/errors.ts'
import { DatasetVersionSchema, type ModelPredictConfig } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { DEFAULT_SAMPLE_MS } from '../../../media/limits.ts'
import { countMembers } from '../../../store/repos/dataset-inputs.ts'
import { addChunk, setGroups, setVersionStatus } from '../../../store/repos/dataset-versions.ts'
import { apps, datasets, datasetVersions } from '../../../store/repos/families.ts'
import { ownersOf } from '../../../store/repos/owners.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { callInApp } from '../../inputs/process/call.ts'
import { defineJob } from '../../jobs/define.ts'
import type { Services } from '../../services.ts'
import { type Making, readChunk } from './chunk.ts'
import { CHUNK_BYTES_WANTED, CHUNK_INPUTS_MAX } from './limits.ts'
import { measureVersion } from './measure.ts'
import { predictor } from './predictions.ts'

interface Args {
  readonly versionPk: number
}

/** How far the making of a version is. */
interface State {
  readonly lastPk: number
  readonly chunks: number
  /** Inputs that the next part takes. */
  readonly limit: number
  readonly isWhole: boolean
}

const NOTHING_YET: State = { lastPk: 0, chunks: 0, limit: CHUNK_INPUTS_MAX, isWhole: false }

const { DATASET_VERSION_IN_PROGRESS, DATASET_VERSION_READY, DATASET_VERSION_FAILURE } = StatusCode

/** Makes a version: writes its inputs with what is said about them as blobs, part by part, then counts them. */
export const buildVersionJob = defineJob<Args, State>({
  kind: 'dataset-version',
  async run({ args, services, checkpoint, log, ...context }) {
    const { db, blobs, clock } = services
    const row = await datasetVersions.getByPk(db.read, args.versionPk)
    if (!row || row.status_code === DATASET_VERSION_READY) return
    const made = await makingOf(services, row)
    const config = made.version.dataConfig
    const call =
      config.case === 'modelPredictConfig'
        ? await callInApp(services, made.place.appPk, { requestId: context.id, signal: context.signal, log })
        : undefined
    const predict = call && {
      predict: await predictor(call, (config.value as ModelPredictConfig).model, made.sampleMs),
    }
    const making: Making = { ...made, ...predict }
    let state = context.state ?? NOTHING_YET
    if (!context.state) {
      const total = await countMembers(db.read, making.datasetPk)
      await checkpoint(async (tx) => {
        await setVersionStatus(tx, row.pk, { code: DATASET_VERSION_IN_PROGRESS, details: '' }, clock.now())
        return { state, done: 0, total }
      })
    }
    for (let done = context.done; !state.isWhole; ) {
      const chunk = await readChunk(db.read, making, state.lastPk, state.limit)
      const { hash, size } = chunk && chunk.inputs > 0 ? await blobs.put(chunk.bytes) : { hash: '', size: 0 }
      const before = state
      state = chunk ? nextState(before, chunk) : { ...before, isWhole: true }
      done += chunk?.seen ?? 0
      await checkpoint(async (tx) => {
        if (chunk && hash !== '') {
          const { inputs } = chunk
          await addChunk(tx, { version_pk: row.pk, position: before.chunks, hash, size, inputs }, clock.now())
        }
        return { state, done }
      })
    }
    const groups = await measureVersion(services, row.pk)
    await checkpoint(async (tx) => {
      await setGroups(tx, row.pk, groups)
      await setVersionStatus(tx, row.pk, { code: DATASET_VERSION_READY, details: '' }, clock.now())
      return undefined
    })
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const details = error?.details ?? 'The making of the version was cancelled.'
    await setVersionStatus(tx, args.versionPk, { code: DATASET_VERSION_FAILURE, details }, clock.now())
  },
})

/** Parts that come out large are followed by ones of fewer inputs. */
function nextState(before: State, chunk: NonNullable<Awaited<ReturnType<typeof readChunk>>>): State {
  const tooLarge = chunk.bytes.length > CHUNK_BYTES_WANTED
  const limit = tooLarge ? Math.max(1, Math.floor(before.limit / 2)) : Math.min(CHUNK_INPUTS_MAX, before.limit * 2)
  return { lastPk: chunk.lastPk, chunks: before.chunks + (chunk.inputs > 0 ? 1 : 0), limit, isWhole: false }
}

async function makingOf({ db, origin }: Services, row: Row<'dataset_versions'>): Promise<Making> {
  const dataset = await datasets.getByPk(db.read, row.dataset_pk)
  const app = dataset && (await apps.getByPk(db.read, dataset.app_pk))
  const owner = app && (await ownersOf(db.read, [app.pk])).get(app.pk)
  if (!dataset || !app || !owner) {
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'The dataset was deleted while its version was made.')
  }
  const sampleMs = Number((JSON.parse(app.doc) as { sample_ms?: number }).sample_ms ?? 0) || DEFAULT_SAMPLE_MS
  return {
    version: decodeDoc(DatasetVersionSchema, row.doc),
    datasetPk: dataset.pk,
    place: { appPk: app.pk, ...owner, origin },
    sampleMs,
  }
}
