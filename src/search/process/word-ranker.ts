import type { WordPhrase } from '../../base/words.ts'
import type { Reader } from '../../store/database.ts'
import {
  bestTexts,
  sharesOfInputs,
  type TextRank,
  type TextStatistics,
  textStatistics,
  textsWithPhrase,
} from '../../store/repos/texts.ts'
import { COUNTED_TEXTS_KEPT_MS, COUNTED_TEXTS_MAX } from '../limits.ts'
import type { PlannedHit, RankPlan } from '../plan.ts'
import type { Ranker } from './rankers.ts'

/**
 * Texts by the words they have: Okapi BM25 as a part of the most it could be, between 0.5 (which means that nothing says
 * they have to do with each other) and 1.
 */
export class WordRanker implements Ranker {
  readonly #db: Reader
  readonly #plan: Extract<RankPlan, { by: 'words' }>
  #rank: Promise<TextRank> | undefined

  constructor(db: Reader, plan: Extract<RankPlan, { by: 'words' }>) {
    this.#db = db
    this.#plan = plan
  }

  async best(wanted: number, among?: readonly number[]) {
    const rank = await this.#ready()
    if (among) {
      const shares = await sharesOfInputs(this.#db, rank, among)
      const hits = [...shares.values()].map(hitOf)
      hits.sort((a, b) => b.score - a.score || b.inputPk - a.inputPk)
      return { hits: hits.slice(0, wanted), all: hits.length <= wanted, road: 'words of matches' }
    }
    const hits = (await bestTexts(this.#db, rank, wanted)).map(hitOf)
    return { hits, all: hits.length < wanted, road: 'words' }
  }

  async scores(inputPks: readonly number[]): Promise<Map<number, number>> {
    const shares = await sharesOfInputs(this.#db, await this.#ready(), inputPks)
    return new Map([...shares].map(([inputPk, found]) => [inputPk, hitOf(found).score]))
  }

  #ready(): Promise<TextRank> {
    this.#rank ??= weigh(this.#db, this.#plan)
    return this.#rank
  }
}

const hitOf = ({ inputPk, annotationPk, share }: { inputPk: number; annotationPk: number | null; share: number }) =>
  ({ inputPk, annotationPk, score: (1 + Math.min(1, Math.max(0, share))) / 2 }) satisfies PlannedHit

async function weigh(db: Reader, { appPk, query }: Extract<RankPlan, { by: 'words' }>): Promise<TextRank> {
  const { texts, meanWords } = await statisticsOf(db, appPk)
  const phrases = new Map<string, WordPhrase>()
  for (const phrase of query.any.flatMap(({ all }) => all)) {
    phrases.set(`${phrase.words.join(' ')}${phrase.prefix ? '*' : ''}`, phrase)
  }
  const weighed = await Promise.all(
    [...phrases.values()].map(async (phrase) => {
      const having = Math.min(texts, await textsWithPhrase(db, appPk, phrase))
      return { ...phrase, weight: Math.log(1 + (texts - having + 0.5) / (having + 0.5)) }
    }),
  )
  return { appPk, query, phrases: weighed, meanWords }
}

const kept = new Map<number, { readonly statistics: TextStatistics; readonly until: number }>()

/** Small apps are counted for each search; large ones, where a few texts more or less change nothing, now and then. */
async function statisticsOf(db: Reader, appPk: number): Promise<TextStatistics> {
  const known = kept.get(appPk)
  if (known && known.until > performance.now()) return known.statistics
  kept.delete(appPk)
  const statistics = await textStatistics(db, appPk)
  if (statistics.texts > COUNTED_TEXTS_MAX) {
    kept.set(appPk, { statistics, until: performance.now() + COUNTED_TEXTS_KEPT_MS })
  }
  return statistics
}
