import type { Reader } from '../session.ts'
import { readTallies } from './tallies.ts'

/** How many things of each kind an app holds. */
export interface ResourceCounts {
  readonly datasets: bigint
  readonly models: bigint
  readonly workflows: bigint
  readonly modules: bigint
  readonly inputs: bigint
}

/** Tables of an app's contents whose rows are counted. */
const COUNTED = ['models', 'workflows', 'datasets', 'modules'] as const

/** Counts what an app holds, from a visibility on. */
export async function countResources(db: Reader, appPk: number, minVisibility: number): Promise<ResourceCounts> {
  const counts = { datasets: 0n, models: 0n, workflows: 0n, modules: 0n, inputs: 0n }
  for (const table of COUNTED) {
    const row = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .where('app_pk', '=', appPk)
      .where('visibility', '>=', minVisibility)
      .executeTakeFirstOrThrow()
    counts[table] = BigInt(row.rows)
  }
  const inputs = await readTallies(db, appPk, 'inputs')
  return { ...counts, inputs: BigInt([...inputs.values()].reduce((sum, count) => sum + count, 0)) }
}

/** A text that changes when what searches of the app find may have changed. */
export async function searchMarker(db: Reader, appPk: number): Promise<string> {
  const row = await db
    .selectFrom('concepts')
    .select(({ fn }) => [fn.max('modified_at').as('newest'), fn.countAll<number>().as('rows')])
    .where('app_pk', '=', appPk)
    .executeTakeFirstOrThrow()
  const changes = (await readTallies(db, appPk, 'changes')).get(0) ?? 0
  return `${row.newest ?? 0}.${row.rows}.${changes}`
}
