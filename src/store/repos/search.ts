import { type Expression, type SqlBool, sql } from 'kysely'
import type { EngineOps } from '../dialect/engine.ts'

/** Words of a search; one with `not` must be absent. */
export interface SearchWord {
  readonly text: string
  readonly not?: boolean
}

/** A search: alternatives, of each of which all words must be met. */
export type SearchWords = readonly (readonly SearchWord[])[]

const ALWAYS = sql<SqlBool>`1 = 1`

/** The condition that the texts of a row, taken together, meet a search. */
export function meetsSearch(
  ops: EngineOps,
  texts: readonly Expression<string | null>[],
  search: SearchWords,
): Expression<SqlBool> {
  const has = ({ text, not }: SearchWord): Expression<SqlBool> => {
    // An absent text contains nothing, which must not make the opposite unknown.
    const found = texts.map((column) => sql<SqlBool>`coalesce(${ops.contains(column, text)}, 1 = 0)`)
    return not ? sql<SqlBool>`not (${sql.join(found, sql` or `)})` : sql<SqlBool>`(${sql.join(found, sql` or `)})`
  }
  const all = (words: readonly SearchWord[]): Expression<SqlBool> =>
    words.length === 0 ? ALWAYS : sql<SqlBool>`(${sql.join(words.map(has), sql` and `)})`
  return search.length === 0 ? ALWAYS : sql<SqlBool>`(${sql.join(search.map(all), sql` or `)})`
}

/** The condition that a column contains a text in any letter case or, with `*` for any text in it, matches it as a whole. */
export function fits(ops: EngineOps, column: Expression<string | null>, text: string): Expression<SqlBool> {
  return text.includes('*') ? ops.matches(column, text) : ops.contains(column, text)
}

/** How many of the words stand in the texts that say most of a row, such as its id and name. */
export function searchPoints(
  ops: EngineOps,
  texts: readonly Expression<string | null>[],
  search: SearchWords,
): Expression<number> {
  const words = search.flat().filter(({ not }) => !not)
  const points = words.flatMap(({ text }) =>
    texts.map((column) => sql<number>`case when ${ops.contains(column, text)} then 1 else 0 end`),
  )
  // A bare 0 in an order would be taken for the number of a column.
  return points.length === 0 ? sql<number>`abs(0)` : sql<number>`${sql.join(points, sql` + `)}`
}
