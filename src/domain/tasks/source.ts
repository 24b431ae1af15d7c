import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { type TaskInputSource, TaskInputSource_TaskInputSourceType as Type } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { inParts } from '../../store/parts.ts'
import { countMembers } from '../../store/repos/dataset-inputs.ts'
import { datasets, searches as searchRows } from '../../store/repos/families.ts'
import { countInputs, inputsMatchingAfter, type SearchScope } from '../../store/repos/search-matches.ts'
import { readTallies } from '../../store/repos/tallies.ts'
import {
  type InputWish,
  inputsOfSourceAfter,
  listedInputs,
  meetsWish,
  partOfInputs,
} from '../../store/repos/task-inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { toStored } from '../resource/verbs.ts'
import { wishesOf } from '../search/legacy.ts'
import { scopeOf } from '../search/plan-search.ts'
import { runSearch } from '../search/run-search.ts'
import { searches } from '../search/saved.ts'
import { LOOKED_AT_TOGETHER, RANKED_INPUTS_MAX } from './limits.ts'
import { invalidTask } from './problem.ts'

const { INPUT_SUCCESS, INPUT_PENDING, INPUT_IN_PROGRESS } = StatusCode

/** What a task takes its inputs from, as plain JSON, so that jobs may keep it. */
export type Source =
  | { readonly of: 'app'; readonly appPk: number }
  | { readonly of: 'dataset'; readonly appPk: number; readonly datasetPk: number }
  | { readonly of: 'search'; readonly scope: SearchScope }
  /** What a search by rank has found once, ascending. */
  | { readonly of: 'list'; readonly appPk: number; readonly inputPks: readonly number[] }

/** Finds the source that a task names. Throws AppError 11101, and 11102 for a type that does not exist. */
export async function findSource(call: Call, source: TaskInputSource | undefined): Promise<Source> {
  const { read } = call.services.db
  const appPk = requireApp(call.target).pk
  switch (source?.type) {
    case Type.ALL_INPUTS:
      return { of: 'app', appPk }
    case Type.DATASET: {
      const dataset = await datasets.get(read, appPk, source.id)
      if (!dataset) throw missing('dataset', source.id)
      return { of: 'dataset', appPk, datasetPk: dataset.pk }
    }
    case Type.SAVED_SEARCH: {
      const saved = await searchRows.get(read, appPk, source.id)
      if (!saved) throw missing('saved search', source.id)
      return sourceOfSearch(call, saved)
    }
    default:
      throw invalidTask(
        'The task has no input_source; set its type to ALL_INPUTS, DATASET or SAVED_SEARCH, the last two with an id.',
      )
  }
}

const missing = (kind: string, id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no ${kind} '${id}' in this app; name one in input_source.id.`)

async function sourceOfSearch(call: Call, saved: Row<'searches'>): Promise<Source> {
  const { message: search } = toStored(searches, saved)
  const wishes = wishesOf(search)
  if (wishes.ranks.length === 0) return { of: 'search', scope: await scopeOf(call, wishes, 'inputs', search) }
  const window = { limit: RANKED_INPUTS_MAX, offset: 0 }
  const { hits } = await runSearch(call, search, { hits: 'inputs', window, onlyCount: false })
  const inputPks = [...new Set(hits.map(({ inputPk }) => inputPk))].sort((a, b) => a - b)
  return { of: 'list', appPk: requireApp(call.target).pk, inputPks }
}

/** Whether inputs may come to a source that it does not have yet. */
export const mayGrow = (source: Source): boolean =>
  source.of === 'search' ? source.scope.asOf === null : source.of !== 'list'

/** For people what may still be worked on by the server is there already; models want what is ready. */
const STATUSES = {
  people: [INPUT_SUCCESS, INPUT_PENDING, INPUT_IN_PROGRESS],
  models: [INPUT_SUCCESS],
} as const

/** Which inputs of a source are asked for, and for whom. */
export type SourceWish = Omit<InputWish, 'statuses'> & { readonly for: keyof typeof STATUSES }

/**
 * Pks of the next inputs of a source that a wish asks for, ascending; none only where there are no more.
 *
 * What is unassigned may be rare, and is looked for in parts, between which the event loop has a turn.
 */
export async function nextOfSource(db: Reader, source: Source, wish: SourceWish): Promise<number[]> {
  if (!wish.unassigned || source.of === 'list') return lookInSource(db, source, wish)
  const appPk = source.of === 'search' ? source.scope.appPk : source.appPk
  const found: number[] = []
  for (let { after } = wish; ; ) {
    const end = await partOfInputs(db, appPk, STATUSES[wish.for], after, LOOKED_AT_TOGETHER)
    const last = end === undefined || (wish.until !== undefined && end >= wish.until)
    const limit = wish.limit - found.length
    found.push(...(await lookInSource(db, source, { ...wish, after, limit, until: last ? wish.until : end })))
    if (last || found.length === wish.limit) return found
    after = end
    await nextTurn()
  }
}

async function lookInSource(db: Reader, source: Source, wish: SourceWish): Promise<number[]> {
  const { after, limit } = wish
  const wanted = { ...wish, statuses: STATUSES[wish.for] }
  switch (source.of) {
    case 'search': {
      // People may look at what a search finds whatever its status is.
      const also = meetsWish(wish.for === 'people' ? { ...wanted, statuses: undefined } : wanted)
      return inputsMatchingAfter(db, source.scope, after, limit, also)
    }
    case 'list': {
      const rest = source.inputPks.filter((pk) => pk > after)
      for (const part of inParts(rest)) {
        const found = await listedInputs(db, source.appPk, part, wanted)
        if (found.length > 0) return found.slice(0, limit)
      }
      return []
    }
    default: {
      const among = source.of === 'dataset' ? { datasetPk: source.datasetPk } : {}
      return inputsOfSourceAfter(db, source.appPk, among, wanted)
    }
  }
}

/** How many inputs a source has, more or less. */
export async function countSource(db: Reader, source: Source): Promise<number> {
  switch (source.of) {
    case 'dataset':
      return countMembers(db, source.datasetPk)
    case 'search':
      return countInputs(db, source.scope)
    case 'list':
      return source.inputPks.length
    case 'app': {
      const counts = await readTallies(db, source.appPk, 'inputs')
      return STATUSES.people.reduce((sum, code) => sum + (counts.get(code) ?? 0), 0)
    }
  }
}
