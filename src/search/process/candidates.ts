import type { Reader } from '../../store/database.ts'
import { type AnnotationClause, positiveFrom } from '../../store/repos/annotation-conditions.ts'
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
import { type ConceptSet, nextInputsInSets } from '../../store/repos/search-sets.ts'
import { LISTED_INPUTS_MAX } from '../limits.ts'

/** Gives the newest inputs older than one that may fit, newest first; fewer than asked for are the last ones. */
export interface Candidates {
  /** For people. */
  readonly road: string
  /** What they still have to be asked; undefined where all of them fit. */
  readonly unchecked: SearchScope | undefined
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
      ? { road: 'common', unchecked: scope, next: (before, limit) => inputsOfAll(db, wide, before, limit) }
      : undefined
  return { byAge, ...(common && { common }), road: byAge.road }
}

/** Indexes that have the inputs with concepts or in a dataset by their age, or all inputs with everything asked at once. */
async function candidatesByAge(db: Reader, scope: SearchScope): Promise<Candidates> {
  const bySets = await candidatesBySets(db, scope)
  if (bySets) return bySets
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
        unchecked: scope,
        next: (before, limit) => nextInputsWithConcept(db, at, before, limit),
      }
    }
    if (test.is === 'dataset') {
      const datasetPk = await datasetPkNamed(db, appPk, test.id)
      if (datasetPk === undefined) continue
      return {
        road: 'by dataset',
        unchecked: scope,
        next: (before, limit) => nextInputsOfDataset(db, datasetPk, before, limit),
      }
    }
  }
  return { road: 'by age', unchecked: undefined, next: (before, limit) => nextInputs(db, scope, before, limit) }
}

/**
 * The inputs with (or without) each of the concepts that are asked for alone; undefined where there are none, or the
 * engine does not merge sets. Inputs of several statuses have no index in the order of their age.
 */
async function candidatesBySets(db: Reader, scope: SearchScope): Promise<Candidates | undefined> {
  const { appPk, conceptHomes = [appPk] } = scope
  if (!db.ops.mergesSets || scope.perAnnotation || scope.inputStatuses?.length !== 1) return undefined
  const clauses = scope.clauses.filter(({ any }) => any.length > 0)
  const sets: ConceptSet[] = []
  const others: AnnotationClause[] = []
  for (const clause of clauses) {
    const [test, another] = clause.any
    const pks = test?.is === 'concept' && !another ? await conceptPksNamed(db, conceptHomes, test) : []
    if (test?.is !== 'concept' || pks.length !== 1) others.push(clause)
    else sets.push({ conceptPk: pks[0]!, value: test.value, negate: clause.negate })
  }
  if (sets.length === 0) return undefined
  return {
    road: 'by sets',
    unchecked: others.length > 0 ? { ...scope, clauses: others } : undefined,
    next: (before, limit) => nextInputsInSets(db, scope, sets, before, limit),
  }
}
