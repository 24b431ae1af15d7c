import { AppError } from '../../base/errors.ts'
import type { Input } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { datasets } from '../../store/repos/families.ts'

/** Pks of the datasets that inputs name, by id; throws AppError 11101 for one that the app does not have. */
export async function findDatasets(
  reader: Reader,
  appPk: number,
  inputs: readonly Pick<Input, 'datasetIds'>[],
): Promise<ReadonlyMap<string, number>> {
  const ids = [...new Set(inputs.flatMap(({ datasetIds }) => datasetIds))]
  if (ids.length === 0) return new Map()
  const found = await datasets.getMany(reader, appPk, ids)
  const unknown = ids.find((id) => !found.has(id))
  if (unknown !== undefined) {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `There is no dataset '${unknown}' in this app; make it first, or leave it out.`,
    )
  }
  return new Map([...found].map(([id, { pk }]) => [id, pk]))
}
