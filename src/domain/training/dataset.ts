import { StatusCode } from '../../contract/status-code.ts'
import { datasets, datasetVersions } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { DATASET_POLL_MS } from './limits.ts'
import { cannotTrain } from './problem.ts'
import type { TrainingRecord } from './record.ts'

/** The pk of the dataset version that a training was promised, once it is ready. Throws AppError 21106 without it. */
export async function datasetVersionOf(
  call: Call,
  { id, versionId }: NonNullable<TrainingRecord['dataset']>,
): Promise<number> {
  for (;;) {
    call.signal.throwIfAborted()
    const version = await find(call, id, versionId)
    if (!version) throw cannotTrain(`The version '${versionId}' of the dataset '${id}' was deleted.`)
    switch (version.status_code) {
      case StatusCode.DATASET_VERSION_READY:
        return version.pk
      case StatusCode.DATASET_VERSION_PENDING:
      case StatusCode.DATASET_VERSION_IN_PROGRESS:
        await new Promise((resolve) => setTimeout(resolve, DATASET_POLL_MS))
        break
      default:
        throw cannotTrain(
          `The version '${versionId}' of the dataset '${id}' could not be made: ${version.status_details}`,
        )
    }
  }
}

async function find(call: Call, id: string, versionId: string): Promise<Row<'dataset_versions'> | undefined> {
  const { read } = call.services.db
  const dataset = await datasets.get(read, call.target.app!.pk, id)
  return dataset && datasetVersions.get(read, dataset.pk, versionId)
}
