import { AppError } from '../../base/errors.ts'
import type { Annotation, Rank, Text } from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { RankPlan } from '../../search/plan.ts'
import type { VectorSpace } from '../../store/repos/embedding-log.ts'
import { inputs } from '../../store/repos/families.ts'
import { conceptPksNamed } from '../../store/repos/search-labels.ts'
import { spacesOfApp, vectorsOfInput, versionPksOf } from '../../store/repos/vector-spaces.ts'
import { toUnit } from '../../vectors/distance.ts'
import { demandScope } from '../access/demand.ts'
import { requireApp } from '../access/target.ts'
import { isEmptyData } from '../annotations/check-data.ts'
import type { Call } from '../call.ts'
import { asksDoubt, planDoubt } from './doubt-rank.ts'
import { embedQuery } from './embed-query.ts'
import { checkConcept } from './filters/plan.ts'
import { RANKS_MAX } from './limits.ts'
import { anyOf, readWords } from './words.ts'

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/** What a rank by a text compares: its likeness by an embedder, its words, or both, which makes two ranks of it. */
export type TextRanking = 'likeness' | 'words' | 'both'

/** What ranks depend on beside themselves. */
export interface RankWish {
  readonly texts: TextRanking
  /** Apps whose concepts may be meant. */
  readonly conceptHomes: readonly number[]
  /** Of the names of concepts; empty for their own. */
  readonly language: string
}

/**
 * Reads ranks: several concepts in one are alternatives, several ranks count with the mean of their scores. Media are
 * made vectors of by the app's embedder, which needs the scope Predict. Undefined where no input can have the rank.
 */
export async function planRanks(call: Call, ranks: readonly Rank[], wish: RankWish): Promise<RankPlan[] | undefined> {
  const { texts } = wish
  if (texts !== 'likeness' && !ranks.some(({ annotation }) => annotation?.data?.text)) {
    throw invalid('The algorithms full_text and hybrid look for words; give the search a rank with data.text.raw.')
  }
  checkRanks(ranks)
  const plans: RankPlan[] = []
  for (const { annotation, negate } of ranks) {
    // Clients that rank by nothing send one rank that says nothing.
    if (!annotation || saysNothing(annotation)) continue
    const text = texts === 'likeness' ? undefined : annotation.data?.text
    if (text) plans.push(planWords(call, text, negate))
    if (text && texts === 'words') continue
    const plan = await planRank(call, annotation, negate, wish)
    if (!plan) return undefined
    plans.push(plan)
  }
  return plans
}

/** Refuses ranks that can never be run, whatever the app has. Throws AppError 40002. */
export function checkRanks(ranks: readonly Rank[]): void {
  if (ranks.length > RANKS_MAX) throw invalid(`The search has ${ranks.length} ranks; use at most ${RANKS_MAX}.`)
  for (const { annotation } of ranks) {
    const concepts = annotation?.data?.concepts ?? []
    for (const concept of concepts) checkConcept(concept, 'rank')
    if (concepts.some(({ value }) => value === 0) && concepts.some(({ value }) => value !== 0)) {
      throw invalid('A rank has concepts with the value 0 and others; put those with 0 into a rank of their own.')
    }
    const [given] = annotation?.data?.embeddings ?? []
    if (given && (given.vector.length === 0 || !given.vector.every(Number.isFinite))) {
      throw invalid('The embedding of a rank is empty or has something that is no number; send finite numbers.')
    }
  }
}

async function planRank(
  call: Call,
  annotation: Annotation,
  negate: boolean,
  wish: RankWish,
): Promise<RankPlan | undefined> {
  const { data, inputId } = annotation
  const versionId = versionIdOf(annotation)
  if (asksDoubt(annotation)) return planDoubt(call, annotation, versionId, negate)
  if (data && data.concepts.length > 0) return planConcepts(call, data.concepts, negate, wish)
  const [given] = data?.embeddings ?? []
  if (given) return givenVector(call, given.vector, versionId, negate)
  if (data && (data.image || data.text || data.video || data.audio)) {
    demandScope(call.target, Scope.Predict)
    const made = await embedQuery(call, data, versionId)
    const space = await spaceOf(call, made.versionId, made.vector.length)
    return space && { by: 'vector', negate, space, query: unit(made.vector) }
  }
  if (inputId !== '') return likeInput(call, inputId, versionId, negate)
  throw invalid('A rank says nothing to compare with; give it an image, a text, an embedding, concepts or an input_id.')
}

function planWords(call: Call, { raw, url }: Text, negate: boolean): RankPlan {
  if (raw === '') {
    throw invalid(`Words are looked for in data.text.raw${url === '' ? '' : ', not in what a url has'}; send the text.`)
  }
  if (negate) throw invalid('A rank by words cannot be negated; use a filter with negate, or a word with - before it.')
  return { by: 'words', negate: false, appPk: requireApp(call.target).pk, query: anyOf(readWords(raw)) }
}

const saysNothing = (annotation: Annotation): boolean => {
  const { data, inputId } = annotation
  if (inputId !== '' || asksDoubt(annotation)) return false
  return isEmptyData(data) && !(data?.image || data?.video || data?.audio || data?.text)
}

const versionIdOf = ({ modelVersionId, worker }: Annotation): string =>
  worker?.worker.case === 'model' ? (worker.worker.value.modelVersion?.id ?? '') : modelVersionId

async function planConcepts(
  call: Call,
  concepts: readonly { readonly id: string; readonly name: string; readonly value: number }[],
  negate: boolean,
  { conceptHomes, language }: RankWish,
): Promise<RankPlan | undefined> {
  const conceptPks: number[] = []
  for (const { id, name } of concepts) {
    conceptPks.push(...(await conceptPksNamed(call.services.db.read, conceptHomes, { id, name }, language)))
  }
  if (conceptPks.length === 0) return undefined
  return { by: 'concept', negate, conceptPks, inverse: concepts[0]!.value === 0 }
}

/** A vector that the caller gives; the app must have vectors of this length. */
async function givenVector(
  call: Call,
  vector: readonly number[],
  versionId: string,
  negate: boolean,
): Promise<RankPlan> {
  const spaces = await spacesNamed(call, versionId)
  const space = spaces.find(({ dimension }) => dimension === vector.length)
  if (space) return { by: 'vector', negate, space, query: unit(vector) }
  if (spaces.length === 0) {
    const which = versionId === '' ? '' : ` of the model version '${versionId}'`
    throw invalid(`The app has no vectors${which} to compare the embedding of a rank with; add inputs first.`)
  }
  const known = [...new Set(spaces.map(({ dimension }) => dimension))].join(' or ')
  throw invalid(`The embedding of a rank has ${vector.length} numbers, but the app has ${known}; send as many.`)
}

/** The space of a model version, where the app has vectors in it. */
async function spaceOf(call: Call, versionId: string, dimension: number): Promise<VectorSpace | undefined> {
  return (await spacesNamed(call, versionId)).find((space) => space.dimension === dimension)
}

async function spacesNamed(call: Call, versionId: string): Promise<readonly VectorSpace[]> {
  const { read } = call.services.db
  const spaces = await spacesOfApp(read, requireApp(call.target).pk)
  if (versionId === '') return spaces
  const pks = await versionPksOf(read, versionId)
  if (pks.length === 0) throw invalid(`There is no model version '${versionId}' to rank by; name one of an embedder.`)
  return spaces.filter(({ versionPk }) => pks.includes(versionPk))
}

/** Like a stored input: the mean of the vectors that it has. */
async function likeInput(call: Call, inputId: string, versionId: string, negate: boolean): Promise<RankPlan> {
  const { read } = call.services.db
  const app = requireApp(call.target)
  const row = await inputs.get(read, app.pk, inputId)
  if (!row) throw invalid(`There is no input '${inputId}' to rank by; add it first.`)
  for (const space of await spacesNamed(call, versionId)) {
    const vectors = await vectorsOfInput(read, row.pk, space)
    if (vectors.length === 0) continue
    const sum = new Float32Array(space.dimension)
    for (const bytes of vectors) {
      const vector = unit(new Float32Array(Uint8Array.from(bytes).buffer))
      for (let at = 0; at < sum.length; at++) sum[at]! += vector[at]!
    }
    return { by: 'vector', negate, space, query: toUnit(sum) }
  }
  throw new AppError(
    StatusCode.SEARCH_BY_NOT_FULLY_INDEXED_INPUT,
    `The input '${inputId}' has no embedding yet; wait until it is processed, or rank by its media instead.`,
  )
}

const unit = (vector: ArrayLike<number>): Float32Array => toUnit(Float32Array.from(vector))
