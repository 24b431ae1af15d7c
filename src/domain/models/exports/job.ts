import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '@bufbuild/protobuf'
import { StatusCode } from '../../../contract/status-code.ts'
import { exportInProcess } from '../../../model-packages/export/process.ts'
import { models, modelVersions } from '../../../store/repos/families.ts'
import { changeModelExport, getModelExport } from '../../../store/repos/model-exports.ts'
import { addVersionFile, dropVersionFile } from '../../../store/repos/version-files.ts'
import type { Call } from '../../call.ts'
import { ZIP_CONTENT_TYPE } from '../../datasets/exports/job.ts'
import { zipOf } from '../../datasets/exports/zip.ts'
import { callInApp } from '../../inputs/process/call.ts'
import { defineJob } from '../../jobs/define.ts'
import { IMPORTS_FOLDER } from '../import-version.ts'
import { type FoundModel, resolveModel } from '../resolve.ts'
import { bodyOf } from './body.ts'
import { exportableHead } from './check.ts'
import { type PackedModel, packageOf } from './package.ts'

interface Args {
  readonly versionPk: number
  /** The export that is meant, as a later one may have taken its place. */
  readonly mediaId: string
}

const { MODEL_EXPORTED, MODEL_EXPORTING, MODEL_EXPORTING_FAILED } = StatusCode

/** Writes a model version as a package with an ONNX file, tries that, and stores it. */
export const exportModelJob = defineJob<Args>({
  kind: 'model-export',
  async run({ id, args, services, signal, log, checkpoint }) {
    const { db, blobs, clock, config } = services
    const row = await getModelExport(db.read, args.versionPk)
    const version = await modelVersions.getByPk(db.read, args.versionPk)
    const model = version && (await models.getByPk(db.read, version.model_pk))
    const call = model && (await callInApp(services, model.app_pk, { requestId: id, signal, log }))
    if (row?.media_id !== args.mediaId || !call) return
    await checkpoint(async (tx) => {
      await changeModelExport(tx, args.mediaId, { status_code: MODEL_EXPORTING }, clock.now())
      return undefined
    })
    // What a killed server leaves there goes with its next start.
    const folder = join(config.dataDir, IMPORTS_FOLDER, `export-${args.mediaId}`)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const found = await resolveModel(call, { modelId: model.id, versionId: version.id })
      const packed = await pack(call, found, join(folder, 'model.onnx'), signal)
      const { hash, size } = await blobs.put(zipOf(packageOf(packed)))
      await checkpoint(async (tx) => {
        const now = clock.now()
        const change = { status_code: MODEL_EXPORTED, status_details: '', size }
        if (await changeModelExport(tx, args.mediaId, change, now)) {
          await dropVersionFile(tx, args.versionPk, 'export', now)
          await addVersionFile(tx, args.versionPk, 'export', { hash, size, contentType: ZIP_CONTENT_TYPE }, now)
        }
        return undefined
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const status_details = error?.details ?? 'The export was cancelled.'
    await changeModelExport(tx, args.mediaId, { status_code: MODEL_EXPORTING_FAILED, status_details }, clock.now())
  },
})

async function pack(call: Call, found: FoundModel, out: string, signal: AbortSignal): Promise<PackedModel> {
  const { modelId, version, modelTypeId, files } = found
  const labels = (version.outputInfo?.data?.concepts ?? []).map(({ id }) => id)
  const about = `Model ${found.userId}/${found.appId}/${modelId}, version ${version.id}, of the type ${modelTypeId}.`
  const head = exportableHead(found)
  if (!head) {
    const model = await call.services.blobs.file(files.model!)
    return { modelId, model, labels, notes: [about, ...settingsOf(found)] }
  }
  const body = await bodyOf(call, found.baseEmbedder)
  const order = { head, concepts: labels.length, out, ...(body && { body }) }
  const { input, output, difference } = await exportInProcess(order, signal)
  const tried = `Values differ from those of the running model by at most ${difference.toExponential(1)}.`
  return {
    modelId,
    model: out,
    tensors: { input, output },
    labels,
    notes: body
      ? [
          about,
          `Upload it as a visual-classifier; it answers concepts of pictures, by ${embedderOf(found)} inside.`,
          tried,
        ]
      : [about, `A head alone: it takes the vectors that ${embedderOf(found)} makes.`, tried],
  }
}

const embedderOf = ({ baseEmbedder }: FoundModel): string =>
  baseEmbedder
    ? `${baseEmbedder.userId}/${baseEmbedder.appId}/${baseEmbedder.modelId}, version ${baseEmbedder.version.id},`
    : 'an embedder that nobody has named'

/** What an upload was made with, which it needs again elsewhere. */
function settingsOf({ version, modelTypeId }: FoundModel): string[] {
  const { pretrainedModelConfig: config, inputInfo, outputInfo } = version
  const settings: [string, JsonObject | undefined][] = [
    ['input_fields_map', config?.inputFieldsMap],
    ['output_fields_map', config?.outputFieldsMap],
    ['input_info.params', inputInfo?.params],
    ['output_info.params', outputInfo?.params],
  ]
  return [
    `Upload it as a ${modelTypeId} with:`,
    ...settings.flatMap(([name, value]) =>
      value && Object.keys(value).length > 0 ? `${name}: ${JSON.stringify(value)}` : [],
    ),
  ]
}
