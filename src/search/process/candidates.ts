import type { Reader } from '../../store/database.ts'
import { positiveFrom } from '../../store/repos/annotation-conditions.ts'
import {
  type CandidateSource,
  countSource,
  inputsOfAll,
  inputsOfSource,
  sourceOfClause,
} from '../../store/repos/search-candidates.ts'
import { conceptPksNamed } from '../../store/repos/search-labels.ts'
import {
  datasetPkNamed,
  nextInputs,
  nextInputsOfDataset,
  nextInputsWithConcept,
  type SearchScope,
} from '../../store/repos/search-matches.ts'
import { LISTED_INPUTS_MAX } from '../limits.ts'

/** Gives the newest inputs older than one that may fit, newest first; fewer than asked for are the last ones. */
export interface Candidates {
  /** For people. */
  readonly road: string
  /** Whether all of them fit. */
  readonly checked: boolean
  next(before: number, limit: number): Promise<number[]>
}

/** What the filters let expect. */
export type Outlook =
  | {
      /** All inputs that may fit, newest first. */
      readonly few: readonly number[]
      readonly road: string
    }
  | {
      readonly few?: undefined
      /** To go through the inputs by their age. */
      readonly byAge: Candidates
      /** The inputs that all wide filters have in common; for where going through one of them finds too little. */
      readonly common?: Candidates
      readonly road: string
    }

/**
 * Looks where the inputs that fit can be found. Filters that an index knows are counted (up to a bound): of narrow ones
 * (up to `fewMax` inputs) all are listed, and only those that all narrow ones have remain to be looked at; of wide ones
 * the inputs are gone through by age.
 */
export async function outlookOf(db: Reader, scope: SearchScope, fewMax = LISTED_INPUTS_MAX): Promise<Outlook> {
  const wide: CandidateSource[] = []
  let few: number[] | undefined
  let narrow = 0
  for (const clause of scope.clauses) {
    const source = sourceOfClause(db, scope, clause)
    if (!source) continue
    const count = await countSource(db, source, fewMax + 1)
    if (count > fewMax) {
      wide.push(source)
      continue
    }
    narrow++
    const pks = await inputsOfSource(db, source)
    const known = few && new Set(pks)
    few = few ? few.filter((pk) => known!.has(pk)) : pks
    if (few.length === 0) break
  }
  if (few) return { few, road: `few: ${few.length} of ${narrow} narrow` }
  const byAge = await candidatesByAge(db, scope)
  const common: Candidates | undefined =
    wide.length > 1
      ? { road: 'common', checked: false, next: (before, limit) => inputsOfAll(db, wide, before, limit) }
      : undefined
  return { byAge, ...(common && { common }), road: byAge.road }
}

/** An index that has the inputs with a concept or in a dataset by their age, or all inputs with everything asked at once. */
async function candidatesByAge(db: Reader, scope: SearchScope): Promise<Candidates> {
  const { appPk, conceptHomes = [appPk] } = scope
  for (const { any, negate } of scope.clauses) {
    const [test] = any
    if (negate || any.length !== 1 || !test) continue
    if (test.is === 'concept') {
      const conceptPks = await conceptPksNamed(db, conceptHomes, test)
      const [conceptPk, ...others] = conceptPks
      if (conceptPk === undefined || others.length > 0) continue
      const range = test.value === 0 ? { from: 0, to: 0 } : { from: positiveFrom(test.value), to: 1 }
      const at = { appPk, conceptPk, ...range }
      return {
        road: 'by concept',
        checked: false,
        next: (before, limit) => nextInputsWithConcept(db, at, before, limit),
      }
    }
    if (test.is === 'dataset') {
      const datasetPk = await datasetPkNamed(db, appPk, test.id)
      if (datasetPk === undefined) continue
      return {
        road: 'by dataset',
        checked: false,
        next: (before, limit) => nextInputsOfDataset(db, datasetPk, before, limit),
      }
    }
  }
  return { road: 'by age', checked: true, next: (before, limit) => nextInputs(db, scope, before, limit) }
}
