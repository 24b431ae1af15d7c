import type { Micros } from '../base/clock.ts'
import type { WordQuery } from '../base/words.ts'
import type { VectorSpace } from '../store/repos/embedding-log.ts'
import type { SearchScope } from '../store/repos/search-matches.ts'

/** One wish by which hits are put in order. */
export type RankPlan = { readonly negate: boolean } & (
  | {
      /** The words of texts; those with none of them are no hits. */
      readonly by: 'words'
      readonly appPk: number
      readonly query: WordQuery
    }
  | {
      readonly by: 'vector'
      readonly space: VectorSpace
      readonly query: Float32Array
    }
  | {
      /** The confidence that models (or people) have in one of these concepts. */
      readonly by: 'concept'
      readonly conceptPks: readonly number[]
      /** Asks for inputs without the concept. */
      readonly inverse: boolean
    }
  | DoubtPlan
)

/** Asks for what would teach a linear head most: inputs that nobody has labelled with its concepts. */
export interface DoubtPlan {
  readonly by: 'doubt'
  /** Where the vectors are that the heads work on. */
  readonly space: VectorSpace
  /** Concepts of the head; inputs that people have labelled with one of them are left out. */
  readonly conceptPks: readonly number[]
  readonly head: Head
  /** Counts where this head and the other say different things, instead of where this one is not sure. */
  readonly other: Head | null
  /** Puts those first that are unlike the ones before them. */
  readonly diverse: boolean
}

/** A linear head: a row of weights and a bias for each concept. */
export interface Head {
  readonly rows: readonly Float32Array[]
  readonly bias: readonly number[]
  /** Each input has exactly one of the concepts (softmax); else each concept stands by itself (sigmoid). */
  readonly exclusive: boolean
}

/** A search, read and checked: everything that the search process needs, without a further question to the server. */
export interface SearchPlan {
  /** What may be found: filters and what is taken for granted. */
  readonly scope: SearchScope
  /** One hit an input, or one an annotation. */
  readonly hits: 'inputs' | 'annotations'
  /** None: everything that fits, newest input first. */
  readonly ranks: readonly RankPlan[]
  /** What several ranks make together: the mean of their scores, or what the places in each of their lists say. */
  readonly combine: 'mean' | 'places'
  /** Compares with every vector that fits. */
  readonly exact: boolean
  readonly minScore: number
  readonly offset: number
  readonly limit: number
  /** Counts what fits instead. */
  readonly onlyCount: boolean
}

/** One hit, by pk. */
export interface PlannedHit {
  readonly inputPk: number
  /** The annotation that made it a hit; null where the input itself is one. */
  readonly annotationPk: number | null
  /** In 0..1. */
  readonly score: number
}

/** What a search found and how. */
export interface SearchAnswer {
  readonly hits: readonly PlannedHit[]
  /** With `onlyCount`. */
  readonly count: number
  /** For people: the roads taken, such as `graph`, `scan-matches`. */
  readonly explain: readonly string[]
}

export type { Micros, SearchScope, VectorSpace }
