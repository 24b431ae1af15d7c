import type { Reader } from '../../store/database.ts'
import { conceptPksNamed } from '../../store/repos/search-labels.ts'
import {
  datasetPkNamed,
  fittingAnnotations,
  fittingInputs,
  nextInputs,
  nextInputsOfDataset,
  nextInputsWithConcept,
  type SearchScope,
} from '../../store/repos/search-matches.ts'
import type { PlannedHit } from '../plan.ts'

/** Inputs that are asked for at a time: those of a page, more where many may turn out not to fit. */
const INPUTS_PER_READ = 1_000

/** Gives the newest inputs older than one; `checked` says that all of them fit. */
interface Candidates {
  readonly name: string
  readonly checked: boolean
  next(before: number, limit: number): Promise<number[]>
}

/**
 * Where to look for inputs in the order of their age: at an index that has those with a concept or in a dataset in
 * this order, or at all inputs. Whatever else is asked for is looked up for some inputs at a time.
 */
async function candidatesOf(db: Reader, scope: SearchScope): Promise<Candidates> {
  const { appPk } = scope
  for (const { any, negate } of scope.clauses) {
    const [test] = any
    if (negate || any.length !== 1 || !test) continue
    if (test.is === 'concept') {
      const [conceptPk, ...others] = await conceptPksNamed(db, scope.conceptHomes ?? [appPk], test)
      if (conceptPk === undefined) return { name: 'no such concept', checked: true, next: async () => [] }
      if (others.length > 0) continue
      const range = test.value === 0 ? { from: 0, to: 0 } : { from: Math.min(test.value, 0.5), to: 1 }
      return {
        name: 'by concept',
        checked: false,
        next: (before, limit) => nextInputsWithConcept(db, { appPk, conceptPk, ...range }, before, limit),
      }
    }
    if (test.is === 'dataset') {
      const datasetPk = await datasetPkNamed(db, appPk, test.id)
      if (datasetPk === undefined) return { name: 'no such dataset', checked: true, next: async () => [] }
      return {
        name: 'by dataset',
        checked: false,
        next: (before, limit) => nextInputsOfDataset(db, datasetPk, before, limit),
      }
    }
  }
  return { name: 'by age', checked: true, next: (before, limit) => nextInputs(db, scope, before, limit) }
}

/** Inputs that fit, the newest first, up to a number of them. */
export async function listInputs(db: Reader, scope: SearchScope, limit: number): Promise<number[]> {
  const found: number[] = []
  for await (const pks of fittingInBatches(db, scope, limit)) {
    for (const pk of pks) {
      found.push(pk)
      if (found.length === limit) return found
    }
  }
  return found
}

async function* fittingInBatches(db: Reader, scope: SearchScope, wanted: number): AsyncGenerator<number[]> {
  const candidates = await candidatesOf(db, scope)
  const size = candidates.checked ? Math.min(wanted, INPUTS_PER_READ) : INPUTS_PER_READ
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const pks = await candidates.next(before, size)
    if (pks.length === 0) return
    before = pks.at(-1)!
    const fitting = candidates.checked ? undefined : await fittingInputs(db, scope, pks)
    yield fitting ? pks.filter((pk) => fitting.has(pk)) : pks
    if (pks.length < size) return
  }
}

/** Everything that fits, without any rank: the newest inputs first, each hit as good as the other. */
export async function listHits(
  db: Reader,
  scope: SearchScope,
  hits: 'inputs' | 'annotations',
  wanted: number,
): Promise<PlannedHit[]> {
  if (hits === 'inputs') {
    return (await listInputs(db, scope, wanted)).map((inputPk) => ({ inputPk, annotationPk: null, score: 1 }))
  }
  const found: PlannedHit[] = []
  for await (const pks of fittingInBatches(db, scope, wanted)) {
    for (const { pk, inputPk } of await fittingAnnotations(db, scope, pks)) {
      found.push({ inputPk, annotationPk: pk, score: 1 })
    }
    if (found.length >= wanted) break
  }
  return found.slice(0, wanted)
}
