import type { TallyKind } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** A change of one counter of an app. */
export interface Tally {
  readonly kind: TallyKind
  readonly key: number
  readonly by: number
}

/**
 * Counts up and down, in the transaction of the rows that are counted.
 *
 * Each call picks one of the rows of a counter, and its counters follow one another in a fixed order, so that
 * transactions that run at the same time seldom wait for each other and never in a circle.
 */
export async function addTallies(tx: Writer, appPk: number, changes: readonly Tally[]): Promise<void> {
  const sums = new Map<string, Tally>()
  for (const change of changes) {
    const name = `${change.kind} ${change.key}`
    sums.set(name, { ...change, by: (sums.get(name)?.by ?? 0) + change.by })
  }
  const slot = Math.floor(Math.random() * tx.ops.counterRows)
  const rows = [...sums.entries()]
    .filter(([, { by }]) => by !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { kind, key, by }]) => ({ app_pk: appPk, kind, key, slot, amount: by }))
  if (rows.length === 0) return
  await tx
    .insertInto('app_tallies')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['app_pk', 'kind', 'key', 'slot'])
        .doUpdateSet((row) => ({ amount: row('app_tallies.amount', '+', row.ref('excluded.amount')) })),
    )
    .execute()
}

/** Tells searches of the app that what they find may have changed. */
export const noteChange = (tx: Writer, appPk: number): Promise<void> =>
  addTallies(tx, appPk, [{ kind: 'changes', key: 0, by: 1 }])

/** The counters of a kind by their keys; those that never counted are absent. */
export async function readTallies(db: Reader, appPk: number, kind: TallyKind): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('app_tallies')
    .select('key')
    .select(({ fn }) => fn.sum<number | string>('amount').as('amount'))
    .where('app_pk', '=', appPk)
    .where('kind', '=', kind)
    .groupBy('key')
    .execute()
  return new Map(rows.map(({ key, amount }) => [key, Number(amount)]))
}
