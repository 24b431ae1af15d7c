import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StatusCode } from '../../src/contract/status-code.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import { clustered } from '../../src/vectors/test-vectors.ts'
import type { DataPlane } from '../kit/data-plane.ts'
import { type KeptTruth, Truth } from './truth.ts'

export const DIMENSION = 512
/** Neighbours that are asked for. */
export const K = 10
/** Shares of the inputs that have the label of a filter. */
export const SHARES = [0.0001, 0.001, 0.01, 0.1, 0.5, 0.99] as const

const ROWS_PER_CENTRE = 500
const CENTRES_MIN = 200
const BLOCK = 2_000
const SEED = 20_26

/** Takes vectors in the order of their inputs, beside the database that is measured. */
export interface Sink {
  add(block: Float32Array, rows: number): void | Promise<void>
}

/** Vectors around centres, of inputs with labels, and what is near some queries, as a comparison with all says. */
export interface Corpus {
  readonly queries: readonly Float32Array[]
  /** Of all inputs. */
  readonly truth: Truth
  /** Of those with a label, by share. */
  readonly truths: ReadonlyMap<number, Truth>
}

/** Id of the label that a share of the inputs has. */
export const labelOf = (share: number): string => `share-${share}`

/** Whether an input has the label of a share; the same for every run, and unrelated to its vector. */
export const isLabelled = (n: number, share: number): boolean =>
  (Math.imul(n + 1, 2_654_435_761) >>> 0) / 2 ** 32 < share

/**
 * Gives each input of an app a vector and labels, straight into the database, and the vectors to the others that are
 * measured. Vectors are not kept, as a million of them is much: what is near the queries is found on the way.
 */
export async function fillWithVectors(
  plane: DataPlane,
  size: number,
  queryCount: number,
  sinks: readonly Sink[],
): Promise<Corpus> {
  const { make, queries } = makerOf(size, queryCount)
  const truth = new Truth(queries, DIMENSION)
  const truths = new Map(SHARES.map((share) => [share as number, new Truth(queries, DIMENSION)]))
  const concepts = await makeLabels(plane)
  for (let from = 0; from < size; from += BLOCK) {
    const rows = Math.min(BLOCK, size - from)
    const block = new Float32Array(rows * DIMENSION)
    for (let row = 0; row < rows; row++) block.set(make(), row * DIMENSION)
    await writeVectors(plane, from, rows, block, concepts)
    for (const sink of sinks) await sink.add(block, rows)
    const numbers = Array.from({ length: rows }, (_, row) => from + row)
    truth.take(block, numbers)
    for (const [share, part] of truths) part.takeSome(block, numbers, (n) => isLabelled(n, share))
  }
  return { queries, truth, truths }
}

const KEPT_FILE = 'bench-corpus.json'

/** What is near the queries, kept beside a database that is to be used again. */
export async function keepCorpus({ dataDir }: DataPlane, size: number, { truth, truths }: Corpus): Promise<void> {
  const parts = [...truths].map(([share, part]) => [share, part.kept])
  await writeFile(join(dataDir, KEPT_FILE), JSON.stringify({ size, truth: truth.kept, parts }))
}

/** What `keepCorpus` kept; undefined where there is none, or one of another size. */
export async function keptCorpus({ dataDir }: DataPlane, size: number, count: number): Promise<Corpus | undefined> {
  const text = await readFile(join(dataDir, KEPT_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const kept = JSON.parse(text) as { size: number; truth: KeptTruth; parts: [number, KeptTruth][] }
  if (kept.size !== size) throw new Error(`the kept database has ${kept.size} rows, not ${size}; use another folder`)
  const queries = makerOf(size, count).queries
  const truths = new Map(kept.parts.map(([share, part]) => [share, Truth.of(queries, DIMENSION, part)]))
  return { queries, truth: Truth.of(queries, DIMENSION, kept.truth), truths }
}

/** The vectors of all inputs in their order, and before them those of the queries. */
function makerOf(size: number, queryCount: number): { make: () => Float32Array; queries: Float32Array[] } {
  const make = clustered(DIMENSION, Math.max(CENTRES_MIN, Math.ceil(size / ROWS_PER_CENTRE)), SEED)
  return { make, queries: Array.from({ length: queryCount }, make) }
}

async function makeLabels({ services, appPk }: DataPlane): Promise<Map<number, number>> {
  const rows = await services.db.transact((tx) =>
    insertRows(
      tx,
      'concepts',
      SHARES.map((share) => ({
        app_pk: appPk,
        id: labelOf(share),
        name: labelOf(share),
        language: 'en',
        doc: '{}',
        created_at: 1,
        modified_at: 1,
      })),
      ['pk', 'id'],
    ),
  )
  const pkOf = new Map(rows.map(({ pk, id }) => [id, pk]))
  return new Map(SHARES.map((share) => [share, pkOf.get(labelOf(share))!]))
}

/** Writes the vectors and labels of inputs in the order of their numbers. */
export async function writeVectors(
  { services, appPk }: DataPlane,
  from: number,
  rows: number,
  block: Float32Array,
  concepts: ReadonlyMap<number, number>,
): Promise<void> {
  const dimension = block.length / rows
  await services.db.transact(async (tx) => {
    const annotations = await tx
      .selectFrom('annotations')
      .innerJoin('inputs', 'inputs.pk', 'annotations.input_pk')
      .select(['annotations.pk', 'annotations.input_pk', 'inputs.id'])
      .where('inputs.app_pk', '=', appPk)
      .where('annotations.status_code', '=', StatusCode.ANNOTATION_SUCCESS)
      .where(
        'inputs.id',
        'in',
        Array.from({ length: rows }, (_, row) => `made-${from + row}`),
      )
      .orderBy('annotations.pk')
      .execute()
    const numbered = annotations.map(({ pk, input_pk, id }) => ({ pk, input_pk, n: Number(id.slice('made-'.length)) }))
    await insertRows(
      tx,
      'embeddings',
      numbered.map(({ pk, input_pk, n }) => ({
        app_pk: appPk,
        input_pk,
        annotation_pk: pk,
        model_version_pk: 0,
        region_id: '',
        dimension,
        vector: new Uint8Array(block.buffer, (n - from) * dimension * 4, dimension * 4),
      })),
      [],
    )
    const labels = numbered.flatMap(({ pk, input_pk, n }) =>
      [...concepts]
        .filter(([share]) => isLabelled(n, share))
        .map(([, concept_pk]) => ({ annotation_pk: pk, concept_pk, place: 0, app_pk: appPk, input_pk, value: 1 })),
    )
    await insertRows(tx, 'annotation_concepts', labels, [])
  })
}
