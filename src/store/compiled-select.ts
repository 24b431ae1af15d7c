import type { Compilable, CompiledQuery } from 'kysely'
import type { EngineOps } from './dialect/engine.ts'
import type { Reader } from './session.ts'

/** Which of the given values a parameter of the statement is, or what it always is. */
type Parameter = { readonly place: number } | { readonly always: unknown }

interface Compiled {
  readonly query: CompiledQuery
  readonly parameters: readonly Parameter[]
}

/** Stands for a value while a statement is compiled. */
class Place {
  readonly place: number

  constructor(place: number) {
    this.place = place
  }
}

/**
 * A select over a list of numbers that is put together once for each length of the list, as for statements that are run
 * with every call that costs more than running them. Lengths are powers of two, the last number again and again at the
 * end, so that there are few.
 */
export class CompiledSelect<R> {
  readonly #build: (db: Reader, values: readonly number[]) => Compilable<R>
  readonly #compiled = new WeakMap<EngineOps, Map<number, Compiled>>()

  /** `build` may use the numbers as values alone; whatever else is in the statement must always be the same. */
  constructor(build: (db: Reader, values: readonly number[]) => Compilable<R>) {
    this.#build = build
  }

  /** Rows for some numbers, at least one. */
  async rows(db: Reader, values: readonly number[]): Promise<R[]> {
    const length = 2 ** Math.ceil(Math.log2(values.length))
    const { query, parameters } = this.#compiledFor(db, length)
    const last = values.at(-1)!
    const bound = parameters.map((one) => ('place' in one ? (values[one.place] ?? last) : one.always))
    const { rows } = await db.getExecutor().executeQuery<R>({ ...query, parameters: bound })
    return rows
  }

  #compiledFor(db: Reader, length: number): Compiled {
    let ofEngine = this.#compiled.get(db.ops)
    if (!ofEngine) {
      ofEngine = new Map()
      this.#compiled.set(db.ops, ofEngine)
    }
    const known = ofEngine.get(length)
    if (known) return known
    const places = Array.from({ length }, (_, at) => new Place(at))
    const query = this.#build(db, places as unknown as number[]).compile()
    const parameters = query.parameters.map(
      (value): Parameter => (value instanceof Place ? { place: value.place } : { always: value }),
    )
    const compiled = { query, parameters }
    ofEngine.set(length, compiled)
    return compiled
  }
}
