import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { WordPhrase, WordQuery } from '../../../base/words.ts'

/**
 * A column of lexemes with an index (GIN). Words are told apart beforehand (`base/words.ts`) and carry the number of
 * their app, so PostgreSQL's parsers and dictionaries have nothing to do. The column is kept by the engine.
 */
export const indexTexts: readonly RawBuilder<unknown>[] = [
  sql`create function limpid_lexemes(app_pk bigint, body text) returns tsvector
    language sql immutable parallel safe as $$
    select coalesce(string_agg(app_pk || 'x' || word || ':' || place, ' '), '')::tsvector
    from unnest(string_to_array(ltrim(body), ' ')) with ordinality as words (word, place) where word <> '' $$`,
  sql`alter table texts add column lexemes tsvector generated always as (limpid_lexemes(app_pk, body)) stored`,
  sql`create index ix_texts_lexemes on texts using gin (lexemes)`,
]

export const textMatches = (appPk: number, query: WordQuery): RawBuilder<SqlBool> =>
  sql<SqlBool>`texts.lexemes @@ ${matchText(appPk, query)}::tsquery`

function matchText(appPk: number, { any }: WordQuery): string {
  // Words are letters and digits alone, so nothing in the quotes needs care.
  const one = ({ words, prefix }: WordPhrase): string => {
    const lexemes = words.map((word, at) => `'${appPk}x${word}'${prefix && at === words.length - 1 ? ':*' : ''}`)
    return `(${lexemes.join(' <-> ')})`
  }
  const alternatives = any.map(
    ({ all, none }) => `(${[...all.map(one), ...none.map((phrase) => `!${one(phrase)}`)].join(' & ')})`,
  )
  return alternatives.join(' | ')
}
