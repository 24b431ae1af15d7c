/** Of a snapshot: everything about rows but their vectors. */
export interface SavedTable {
  readonly keys: Float64Array
  readonly inputs: Float64Array
  readonly annotations: Float64Array
  readonly dead: Uint8Array
  readonly checksums: Uint32Array
}

const ROWS_AT_FIRST = 64
const NONE = -1

/** Which row an embedding has, what it belongs to, and whether it is still there. */
export class RowTable {
  #keys = new Float64Array(ROWS_AT_FIRST)
  #inputs = new Float64Array(ROWS_AT_FIRST)
  #annotations = new Float64Array(ROWS_AT_FIRST)
  #dead = new Uint8Array(ROWS_AT_FIRST)
  #checksums = new Uint32Array(ROWS_AT_FIRST)
  /** The row before this one of the same input. */
  #before = new Int32Array(0)
  #count = 0
  #deadCount = 0
  #rowOfKey: Map<number, number> | undefined
  #lastOfInput: Map<number, number> | undefined

  /** Dead rows included. */
  get count(): number {
    return this.#count
  }

  get live(): number {
    return this.#count - this.#deadCount
  }

  /** Checksums of the vectors that are in the file. */
  get checksums(): Uint32Array {
    return this.#checksums
  }

  /** Pk of the embedding of a row. */
  keyAt(row: number): number {
    return this.#keys[row]!
  }

  /** Pk of the input of a row. */
  inputAt(row: number): number {
    return this.#inputs[row]!
  }

  /** Pk of the annotation of a row. */
  annotationAt(row: number): number {
    return this.#annotations[row]!
  }

  isDead(row: number): boolean {
    return this.#dead[row] === 1
  }

  /** The row of a key, or undefined where there is none or it is dead. */
  rowOf(key: number): number | undefined {
    const row = this.#byKey().get(key)
    return row === undefined || this.#dead[row] === 1 ? undefined : row
  }

  /** The live rows of an input, the newest first. */
  rowsOfInput(inputPk: number): number[] {
    const rows: number[] = []
    for (let row = this.#byInput().get(inputPk) ?? NONE; row !== NONE; row = this.#before[row]!) {
      if (this.#dead[row] === 0) rows.push(row)
    }
    return rows
  }

  /** Adds a row at the end; false where the key is there already, dead or not. */
  append(key: number, inputPk: number, annotationPk: number): boolean {
    const rows = this.#byKey()
    if (rows.has(key)) return false
    this.#growTo(this.#count + 1)
    const row = this.#count++
    this.#keys[row] = key
    this.#inputs[row] = inputPk
    this.#annotations[row] = annotationPk
    rows.set(key, row)
    if (this.#lastOfInput) this.#chain(this.#lastOfInput, row)
    return true
  }

  /** Marks the row of a key dead; returns whether there was one. */
  remove(key: number): boolean {
    const row = this.rowOf(key)
    if (row === undefined) return false
    this.#dead[row] = 1
    this.#deadCount++
    return true
  }

  save(): SavedTable {
    const part = <T extends { slice(from: number, to: number): T }>(of: T): T => of.slice(0, this.#count)
    return {
      keys: part(this.#keys),
      inputs: part(this.#inputs),
      annotations: part(this.#annotations),
      dead: part(this.#dead),
      checksums: part(this.#checksums),
    }
  }

  restore({ keys, inputs, annotations, dead, checksums }: SavedTable): void {
    this.#growTo(keys.length)
    this.#keys.set(keys)
    this.#inputs.set(inputs)
    this.#annotations.set(annotations)
    this.#dead.set(dead)
    this.#checksums.set(checksums)
    this.#count = keys.length
    this.#deadCount = dead.reduce((sum, one) => sum + one, 0)
  }

  #growTo(count: number): void {
    if (count <= this.#keys.length) return
    const size = Math.ceil(count * 1.5)
    const grown = <T extends { set(from: T): void }>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.#keys = grown(new Float64Array(size), this.#keys)
    this.#inputs = grown(new Float64Array(size), this.#inputs)
    this.#annotations = grown(new Float64Array(size), this.#annotations)
    this.#dead = grown(new Uint8Array(size), this.#dead)
    this.#checksums = grown(new Uint32Array(size), this.#checksums)
    if (this.#lastOfInput) this.#before = grown(new Int32Array(size), this.#before)
  }

  // Both are made when first needed: a search of an unchanged index without filters needs neither.

  #byKey(): Map<number, number> {
    if (!this.#rowOfKey) {
      this.#rowOfKey = new Map()
      for (let row = 0; row < this.#count; row++) this.#rowOfKey.set(this.#keys[row]!, row)
    }
    return this.#rowOfKey
  }

  #byInput(): Map<number, number> {
    if (!this.#lastOfInput) {
      const last = new Map<number, number>()
      this.#before = new Int32Array(this.#keys.length)
      for (let row = 0; row < this.#count; row++) this.#chain(last, row)
      this.#lastOfInput = last
    }
    return this.#lastOfInput
  }

  #chain(last: Map<number, number>, row: number): void {
    const inputPk = this.#inputs[row]!
    this.#before[row] = last.get(inputPk) ?? NONE
    last.set(inputPk, row)
  }
}
