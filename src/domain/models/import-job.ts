import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { models, modelVersions } from '../../store/repos/families.ts'
import { versionsInStatus } from '../../store/repos/version-files.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { failImport, IMPORTS_FOLDER, importVersion } from './import-version.ts'
import { IMPORT_ATTEMPTS_MAX, IMPORTS_AT_ONCE } from './limits.ts'

/** Imports a model that a user brings: what makes its version MODEL_TRAINED or MODEL_UPLOADING_FAILED. */
export const importJob = defineJob<{ readonly versionPk: number }>({
  kind: 'model-import',
  concurrency: IMPORTS_AT_ONCE,
  attempts: IMPORT_ATTEMPTS_MAX,
  run: ({ args, services, signal }) => importVersion(services, args.versionPk, signal),
  async settled(tx, { args, status, error }, services) {
    if (status !== 'succeeded')
      await failImport(services, tx, args.versionPk, error?.details ?? 'The import was cancelled.')
  },
})

/** Has a version imported, in the transaction that makes it MODEL_UPLOADING. */
export async function enqueueImport(services: Services, tx: Writer, versionPk: number, appPk: number): Promise<void> {
  await services.jobs.enqueue(tx, importJob, { versionPk }, { appPk, dedupeKey: String(versionPk) })
}

/** Readies a server that starts: what a killed one left on the disk goes, and what nobody imports yet is enqueued. */
export async function resumeImports(services: Services): Promise<void> {
  const { config, db } = services
  await rm(join(config.dataDir, IMPORTS_FOLDER), { recursive: true, force: true })
  for (const versionPk of await versionsInStatus(db.read, StatusCode.MODEL_UPLOADING)) {
    await db.transact(async (tx) => {
      const version = await modelVersions.getByPk(tx, versionPk)
      const model = version && (await models.getByPk(tx, version.model_pk))
      if (model) await enqueueImport(services, tx, versionPk, model.app_pk)
    })
  }
}
