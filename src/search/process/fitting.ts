import type { Reader } from '../../store/database.ts'
import { fittingAnnotations, fittingOfAnnotations } from '../../store/repos/search-matches.ts'
import type { PlannedHit, SearchPlan } from '../plan.ts'
import { KnownInputs } from './known-inputs.ts'

/** Hits that are looked up at least at a time. */
const LOOKED_MIN = 16

/** What was found and how. */
export interface Ranked {
  readonly hits: PlannedHit[]
  readonly explain: readonly string[]
}

/** The first hits that fit, and how many were looked at to find them. */
export interface Fitting {
  readonly fitting: PlannedHit[]
  readonly looked: number
}

/** Whether anything is asked beside what is taken for granted. */
export const isFiltered = ({ scope }: Pick<SearchPlan, 'scope'>): boolean =>
  scope.clauses.some(({ any }) => any.length > 0)

/**
 * The first `wanted` hits that fit, each input (or annotation) once, at its best place. In a search of annotations with
 * filters the hits are the annotations that fit, at the place of their input; without filters those that have the
 * vector or label. They are looked up from the front, more at a time the further it goes.
 */
export async function firstFitting(
  db: Reader,
  plan: SearchPlan,
  hits: readonly PlannedHit[],
  wanted: number,
  known = KnownInputs.of(db, plan.scope),
): Promise<Fitting> {
  const ofAnnotations = plan.hits === 'annotations' && !isFiltered(plan)
  const once = ofAnnotations
    ? firsts(
        hits.filter(({ annotationPk }) => annotationPk !== null),
        ({ annotationPk }) => annotationPk!,
      )
    : firsts(hits, ({ inputPk }) => inputPk)
  const keep = ofAnnotations ? keepAnnotations : plan.hits === 'inputs' ? keepInputs : annotationsOf
  const fitting: PlannedHit[] = []
  let looked = 0
  for (let step = Math.max(LOOKED_MIN, wanted); looked < once.length && fitting.length < wanted; step *= 2) {
    fitting.push(...(await keep(db, plan, once.slice(looked, looked + step), known)))
    looked = Math.min(once.length, looked + step)
  }
  return { fitting: fitting.slice(0, wanted), looked }
}

type Keep = (db: Reader, plan: SearchPlan, hits: readonly PlannedHit[], known: KnownInputs) => Promise<PlannedHit[]>

const keepInputs: Keep = async (_db, _plan, hits, known) => {
  const fitting = await known.fitting(hits.map(({ inputPk }) => inputPk))
  return hits.filter(({ inputPk }) => fitting.has(inputPk))
}

const keepAnnotations: Keep = async (db, { scope }, hits) => {
  const fitting = await fittingOfAnnotations(
    db,
    scope,
    hits.map(({ annotationPk }) => annotationPk!),
  )
  return hits.filter(({ annotationPk }) => fitting.has(annotationPk!))
}

const annotationsOf: Keep = async (db, { scope }, hits) => {
  const inputPks = hits.map(({ inputPk }) => inputPk)
  const annotations = Map.groupBy(await fittingAnnotations(db, scope, inputPks), ({ inputPk }) => inputPk)
  return hits.flatMap((hit) =>
    (annotations.get(hit.inputPk) ?? []).map(({ pk }): PlannedHit => ({ ...hit, annotationPk: pk })),
  )
}

/** Hits whose key none before them has. */
export function firsts(hits: readonly PlannedHit[], keyOf: (hit: PlannedHit) => number): PlannedHit[] {
  const seen = new Set<number>()
  return hits.filter((hit) => {
    const key = keyOf(hit)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
