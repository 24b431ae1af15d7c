import type { Reader } from '../session.ts'

/** How many things of each kind an app holds. */
export interface ResourceCounts {
  readonly datasets: bigint
  readonly models: bigint
  readonly workflows: bigint
  readonly modules: bigint
  readonly inputs: bigint
}

/** Tables of an app's contents by the name of their count; kinds without a table yet are always 0. */
const COUNTED = { models: 'models', workflows: 'workflows' } as const

/** Counts what an app holds, from a visibility on. */
export async function countResources(db: Reader, appPk: number, minVisibility: number): Promise<ResourceCounts> {
  const counts = { datasets: 0n, models: 0n, workflows: 0n, modules: 0n, inputs: 0n }
  for (const [name, table] of Object.entries(COUNTED) as [keyof typeof COUNTED, 'models' | 'workflows'][]) {
    const row = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .where('app_pk', '=', appPk)
      .where('visibility', '>=', minVisibility)
      .executeTakeFirstOrThrow()
    counts[name] = BigInt(row.rows)
  }
  return counts
}

/** A text that changes when what searches of the app find may have changed. */
export async function searchMarker(db: Reader, appPk: number): Promise<string> {
  const row = await db
    .selectFrom('concepts')
    .select(({ fn }) => [fn.max('modified_at').as('newest'), fn.countAll<number>().as('rows')])
    .where('app_pk', '=', appPk)
    .executeTakeFirstOrThrow()
  return `${row.newest ?? 0}.${row.rows}`
}
