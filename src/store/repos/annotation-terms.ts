import { hash } from 'node:crypto'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'

/** Longest term that is kept as it is; a longer one is known by its hash. */
const TERM_CHARS_MAX = 200
/** Terms of one annotation; one with more has the single term `MANY`, which every search looks at. */
const TERMS_MAX = 256

/** The term of annotations with too many of them. */
export const MANY = '*'

/** What metadata and clusters of an annotation can be found by: a term for each value at its place, each once. */
export function termsOf(data: {
  readonly metadata?: JsonObject
  readonly clusters?: readonly { readonly id: string }[]
}): string[] {
  const terms = new Set<string>()
  if (data.metadata) for (const term of leaves(data.metadata, [])) terms.add(term)
  for (const { id } of data.clusters ?? []) terms.add(clusterTerm(id))
  return terms.size > TERMS_MAX ? [MANY] : [...terms]
}

/** The term of a cluster. */
export const clusterTerm = (id: string): string => short(JSON.stringify({ cluster: id }))

/** A term that metadata have which contain a value; undefined for one without a scalar in it. The longest is the rarest. */
export function termOfFilter(value: JsonObject): string | undefined {
  return [...leaves(value, [])].sort((a, b) => b.length - a.length)[0]
}

/** The path to each scalar with the scalar; null stands for a place in a list, as order in lists means nothing. */
function* leaves(value: JsonValue, path: readonly (string | null)[]): Generator<string> {
  if (Array.isArray(value)) {
    for (const item of value) yield* leaves(item, [...path, null])
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key])
  } else {
    yield short(JSON.stringify([...path, value]))
  }
}

const short = (term: string): string => (term.length > TERM_CHARS_MAX ? `#${hash('sha256', term)}` : term)
