import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { WordPhrase, WordQuery } from '../../../base/words.ts'

/**
 * An FTS5 index without a copy of the texts. Words are told apart beforehand (`base/words.ts`) and carry the number of
 * their app, so its own tokenizer has nothing to do but to part them at blanks.
 */
export const indexTexts: readonly RawBuilder<unknown>[] = [
  sql`create virtual table text_index using fts5(words, content='', contentless_delete=1, tokenize='ascii')`,
  sql`create trigger index_texts_insert after insert on texts begin
    insert into text_index (rowid, words) values (new.pk, replace(new.body, ' ', ' ' || new.app_pk || 'x')); end`,
  sql`create trigger index_texts_delete after delete on texts begin
    delete from text_index where rowid = old.pk; end`,
]

export const textMatches = (appPk: number, query: WordQuery): RawBuilder<SqlBool> =>
  sql<SqlBool>`texts.pk in (select rowid from text_index where text_index match ${matchText(appPk, query)})`

function matchText(appPk: number, { any }: WordQuery): string {
  // Words are letters and digits alone, so nothing in the quotes needs care.
  const one = ({ words, prefix }: WordPhrase): string =>
    `"${words.map((word) => `${appPk}x${word}`).join(' ')}"${prefix ? ' *' : ''}`
  const alternatives = any.map(({ all, none }) => {
    const wanted = `(${all.map(one).join(' AND ')})`
    return none.length === 0 ? wanted : `(${wanted} NOT (${none.map(one).join(' OR ')}))`
  })
  return alternatives.join(' OR ')
}
