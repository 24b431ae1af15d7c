import type { Reader } from '../session.ts'

/** Pks of inputs of an app, of a dataset or of a list after one of them, ascending, of those with one of the statuses. */
export async function inputsOfSourceAfter(
  db: Reader,
  appPk: number,
  among: { readonly datasetPk?: number; readonly inputPks?: readonly number[] },
  statuses: readonly number[],
  after: number,
  limit: number,
): Promise<number[]> {
  const { datasetPk, inputPks } = among
  if (inputPks) return inputPks.length === 0 ? [] : listed(db, appPk, inputPks, statuses)
  if (datasetPk !== undefined) return membersAfter(db, datasetPk, statuses, after, limit)
  // A status at a time, as an index has the pks of each in order.
  const found: number[] = []
  for (const status of statuses) {
    const rows = await db
      .selectFrom('inputs')
      .select('pk')
      .where('app_pk', '=', appPk)
      .where('status_code', '=', status)
      .where('pk', '>', after)
      .orderBy('pk')
      .limit(limit)
      .execute()
    for (const { pk } of rows) found.push(pk)
  }
  return found.sort((a, b) => a - b).slice(0, limit)
}

async function listed(
  db: Reader,
  appPk: number,
  pks: readonly number[],
  statuses: readonly number[],
): Promise<number[]> {
  const rows = await db
    .selectFrom('inputs')
    .select('pk')
    .where('pk', 'in', pks)
    .where('app_pk', '=', appPk)
    .where('status_code', 'in', statuses)
    .orderBy('pk')
    .execute()
  return rows.map(({ pk }) => pk)
}

async function membersAfter(
  db: Reader,
  datasetPk: number,
  statuses: readonly number[],
  after: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('dataset_inputs')
    .innerJoin('inputs', 'inputs.pk', 'dataset_inputs.input_pk')
    .select('dataset_inputs.input_pk')
    .where('dataset_inputs.dataset_pk', '=', datasetPk)
    .where('dataset_inputs.input_pk', '>', after)
    .where('inputs.status_code', 'in', statuses)
    .orderBy('dataset_inputs.input_pk')
    .limit(limit)
    .execute()
  return rows.map(({ input_pk }) => input_pk)
}
