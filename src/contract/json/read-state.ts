import { FieldProblem } from './problem.ts'

/** Deepest nesting of objects and lists that a request may have. */
export const MAX_JSON_DEPTH = 100

/** Thrown to have the text parsed again, this time keeping large integers exact. */
export class ImpreciseInteger extends Error {}

/** What one decoding run remembers besides its result. */
export class ReadState {
  depth = 0
  /** Multi-word field names met in snake_case and in lowerCamelCase: tells how the caller likes its answer. */
  snake = 0
  camel = 0
  readonly #canReparse: boolean

  constructor(canReparse: boolean) {
    this.#canReparse = canReparse
  }

  /** Called for an integer beyond 2^53 that JSON.parse has already rounded. */
  onImprecise(): void {
    if (this.#canReparse) throw new ImpreciseInteger()
  }

  /** Goes one level down; every `enter` needs its `depth--`, except when an error ends the run. */
  enter(): void {
    if (++this.depth > MAX_JSON_DEPTH) throw new FieldProblem(`is nested deeper than ${MAX_JSON_DEPTH} levels`)
  }
}
