import type { AnnotationClause } from '../../../store/repos/annotation-conditions.ts'
import { datasets } from '../../../store/repos/families.ts'
import { requireApp, visibleFrom } from '../../access/target.ts'
import type { Call } from '../../call.ts'

/** No dataset has it. */
const NO_ID = ''

/** Clauses in which datasets that the caller may not see are as good as none, so that searches do not tell of them. */
export async function hideDatasets(call: Call, clauses: readonly AnnotationClause[]): Promise<AnnotationClause[]> {
  const ids = clauses.flatMap(({ any }) => any.flatMap((test) => (test.is === 'dataset' ? test.id : [])))
  const lowest = visibleFrom(call.target)
  if (ids.length === 0 || lowest === 0) return [...clauses]
  const rows = await datasets.getMany(call.services.db.read, requireApp(call.target).pk, ids)
  const seen = (id: string): boolean => (rows.get(id)?.visibility ?? 0) >= lowest
  return clauses.map(({ any, negate }) => ({
    any: any.map((test) => (test.is === 'dataset' && !seen(test.id) ? { ...test, id: NO_ID } : test)),
    negate,
  }))
}
