import { requireApp, visibleFrom } from '../../domain/access/target.ts'
import type { Call } from '../../domain/call.ts'
import { models, workflows } from '../../store/repos/families.ts'
import type { Column, KeyedRows, KeyedTable } from '../../store/repos/keyed.ts'
import type { UnaryHandler } from '../define/rpc.ts'

type Counter = (call: Call, appPk: number) => Promise<number>

/** Counts the rows of an app that the caller may see. */
function visible<T extends KeyedTable>(rows: KeyedRows<T>): Counter {
  return (call, appPk) => {
    const from = visibleFrom(call.target)
    return rows.count(call.services.db.read, {
      parent: appPk,
      where: from === 0 ? undefined : (row) => row('visibility' as Column<T> as never, '>=', from as never),
    })
  }
}

/** What is counted; a family that is not built has no entry and answers 0. */
const COUNTERS: { readonly [field in 'datasets' | 'models' | 'workflows' | 'modules' | 'inputs']?: Counter } = {
  models: visible(models),
  workflows: visible(workflows),
}

/** How much an app holds, by kind. */
export const getResourceCountsRpc = {
  GetResourceCounts: (async (_request, call) => {
    const app = requireApp(call.target)
    const counted = Object.entries(COUNTERS).map(async ([field, count]) => [field, BigInt(await count(call, app.pk))])
    return Object.fromEntries(await Promise.all(counted)) as Partial<Record<keyof typeof COUNTERS, bigint>>
  }) satisfies UnaryHandler<'GetResourceCounts'>,
}
