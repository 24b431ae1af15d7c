import type { JsonObject } from '@bufbuild/protobuf'
import { garbage } from '../failure.ts'
import { VECTOR_LENGTH_MAX } from '../limits.ts'
import type { Link } from '../link.ts'
import { withOwnFields } from './chat.ts'

const PATH = '/embeddings'

/** Vectors of texts, in their order and all of one length. */
export function embed(link: Link, texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
  const body = withOwnFields(link.settings, { input: [...texts], encoding_format: 'float' })
  return link.askJson(PATH, body, signal, (answer) => vectorsOf(answer, texts.length))
}

/** Asks for embeddings as a caller of this very interface wrote it; the answer is the server's. */
export function passEmbeddings(link: Link, body: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  return link.askJson(PATH, withOwnFields(link.settings, body), signal, (answer) => {
    listOf(answer)
    return answer as JsonObject
  })
}

function vectorsOf(answer: unknown, count: number): number[][] {
  const vectors: number[][] = []
  for (const [at, item] of listOf(answer).entries()) {
    const { index = at, embedding } = (item ?? {}) as { index?: unknown; embedding?: unknown }
    const place = Number(index)
    if (!(place >= 0 && place < count) || vectors[place] || !isVector(embedding)) throw garbage('embeddings')
    vectors[place] = embedding
  }
  const [first] = vectors
  const isWhole = vectors.length === count && Object.keys(vectors).length === count
  if (!isWhole || vectors.some(({ length }) => length !== first?.length)) throw garbage(`${count} embeddings`)
  return vectors
}

function listOf(answer: unknown): unknown[] {
  const list = (answer as { data?: unknown } | null)?.data
  if (!Array.isArray(list)) throw garbage('embeddings')
  return list
}

const isVector = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= VECTOR_LENGTH_MAX &&
  value.every((number) => typeof number === 'number' && Number.isFinite(number))
