import { type RawBuilder, sql } from 'kysely'
import type { WordPhrase, WordQuery } from '../../base/words.ts'
import { inParts } from '../parts.ts'
import type { NewRow } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'

/** What is kept of a text so that its words can be found. */
export type TextWords = Pick<NewRow<'texts'>, 'words' | 'body'>

/** Words (of `wordsOf`) as they are kept; undefined where there are none. */
export function textWords(words: readonly string[]): TextWords | undefined {
  return words.length === 0 ? undefined : { words: words.length, body: words.map((word) => ` ${word}`).join('') }
}

/** Writes the words of the texts that inputs are, in place of what was kept before. */
export async function setInputTexts(
  tx: Writer,
  appPk: number,
  items: readonly { readonly inputPk: number; readonly text: TextWords | undefined }[],
): Promise<void> {
  for (const part of inParts(items.map(({ inputPk }) => inputPk))) {
    await tx.deleteFrom('texts').where('input_pk', 'in', part).where('annotation_pk', 'is', null).execute()
  }
  const rows = items.flatMap(({ inputPk, text }) =>
    text ? [{ app_pk: appPk, input_pk: inputPk, annotation_pk: null, ...text }] : [],
  )
  await insertRows(tx, 'texts', rows, [])
}

/** Adds the words of annotations that have none. */
export async function addAnnotationTexts(tx: Writer, rows: readonly NewRow<'texts'>[]): Promise<void> {
  await insertRows(tx, 'texts', rows, [])
}

/** Copies the words of inputs' own texts, or of annotations, into another app; the maps give the pk of each copy. */
export async function copyTexts(
  tx: Writer,
  appPk: number,
  of: 'inputs' | 'annotations',
  pks: ReadonlyMap<number, number>,
  inputPk: (source: number) => number,
): Promise<void> {
  for (const part of inParts([...pks.keys()])) {
    const query = tx.selectFrom('texts').select(['input_pk', 'annotation_pk', 'words', 'body']).orderBy('pk')
    const rows = await (of === 'inputs'
      ? query.where('input_pk', 'in', part).where('annotation_pk', 'is', null)
      : query.where('annotation_pk', 'in', part)
    ).execute()
    const copies = rows.map((row) => ({
      ...row,
      app_pk: appPk,
      input_pk: inputPk(row.input_pk),
      annotation_pk: row.annotation_pk === null ? null : pks.get(row.annotation_pk)!,
    }))
    await insertRows(tx, 'texts', copies, [])
  }
}

/** How many texts an app has, and how many words one has in the middle. */
export interface TextStatistics {
  readonly texts: number
  readonly meanWords: number
}

/** Counts the texts of an app; looks at each row of an index, so callers keep the answer for large apps. */
export async function textStatistics(db: Reader, appPk: number): Promise<TextStatistics> {
  const { texts, words } = await db
    .selectFrom('texts')
    .select(({ fn }) => [fn.countAll<number>().as('texts'), fn.sum<number | string | null>('words').as('words')])
    .where('app_pk', '=', appPk)
    .executeTakeFirstOrThrow()
  return { texts, meanWords: texts === 0 ? 1 : Number(words) / texts }
}

/** How many texts of an app have a phrase. */
export async function textsWithPhrase(db: Reader, appPk: number, phrase: WordPhrase): Promise<number> {
  const { texts } = await db
    .selectFrom('texts')
    .select(({ fn }) => fn.countAll<number>().as('texts'))
    .where(db.ops.textMatches(appPk, { any: [{ all: [phrase], none: [] }] }))
    .executeTakeFirstOrThrow()
  return texts
}

/** A phrase with its weight: the rarer it is, the more it says. */
export interface WeighedPhrase extends WordPhrase {
  readonly weight: number
}

/** What texts are put in order by. */
export interface TextRank {
  readonly appPk: number
  /** Only texts that match are looked at. */
  readonly query: WordQuery
  readonly phrases: readonly WeighedPhrase[]
  readonly meanWords: number
}

/** A text that matches, with how well. */
export interface RankedText {
  readonly inputPk: number
  /** The annotation that has it; of an input's own text the input-level one. */
  readonly annotationPk: number | null
  /** 0 to 1: the part of the most that a text could have. */
  readonly share: number
}

/** The texts that match best, or those of some inputs; of equal ones the newest input first. */
export async function bestTexts(
  db: Reader,
  rank: TextRank,
  limit: number,
  inputPks?: readonly number[],
): Promise<RankedText[]> {
  const rows = await db
    .selectFrom('texts')
    .leftJoin('annotations', (join) =>
      join
        .onRef('annotations.input_pk', '=', 'texts.input_pk')
        .on('texts.annotation_pk', 'is', null)
        .on(sql`annotations.input_level`, '=', sql`1`),
    )
    .select(['texts.input_pk', 'texts.annotation_pk', 'annotations.pk as level_pk', share(rank).as('share')])
    .where(db.ops.textMatches(rank.appPk, rank.query))
    .$if(inputPks !== undefined, (query) => query.where('texts.input_pk', 'in', [...inputPks!]))
    .orderBy('share', 'desc')
    .orderBy('texts.input_pk', 'desc')
    .orderBy('texts.pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    inputPk: row.input_pk,
    annotationPk: row.annotation_pk ?? row.level_pk,
    share: row.share,
  }))
}

/** How the often repeated word counts less each time (k1) and how length counts (b), as is usual. */
const SATURATION = 1.2
const LENGTH = 0.75

/**
 * Okapi BM25 as a part of the most that it could be. Both engines have the same functions of texts, so scores are the same
 * on both.
 */
function share({ phrases, meanWords }: TextRank): RawBuilder<number> {
  const most = phrases.reduce((sum, { weight }) => sum + weight, 0) * (SATURATION + 1)
  const length = sql`(${real(SATURATION * (1 - LENGTH))} + ${real((SATURATION * LENGTH) / meanWords)} * texts.words)`
  const parts = phrases.map((phrase) => {
    const times = occurrences(phrase)
    return sql`${real((phrase.weight * (SATURATION + 1)) / most)} * ${times} / (${times} + ${length})`
  })
  return sql<number>`(${sql.join(parts, sql` + `)})`
}

// PostgreSQL has to be told what a value is that is only reckoned with.
const real = (value: number): RawBuilder<number> => sql<number>`cast(${value} as double precision)`

/** How often a phrase stands in a body. Blanks are doubled, as two words that are next to each other share one. */
function occurrences({ words, prefix }: WordPhrase): RawBuilder<number> {
  const part = ` ${words.join('  ')}${prefix ? '' : ' '}`
  const body = sql`(replace(texts.body, ' ', '  ') || ' ')`
  return sql<number>`((length(${body}) - length(replace(${body}, ${part}, ''))) / ${sql.lit([...part].length)}.0)`
}

/** The best share of each input that matches. */
export async function sharesOfInputs(
  db: Reader,
  rank: TextRank,
  inputPks: readonly number[],
): Promise<Map<number, RankedText>> {
  const best = new Map<number, RankedText>()
  for (const part of inParts(inputPks)) {
    for (const found of await bestTexts(db, rank, Number.MAX_SAFE_INTEGER, part)) {
      if (!best.has(found.inputPk)) best.set(found.inputPk, found)
    }
  }
  return best
}
