/** What one benchmark found. */
export interface Result {
  readonly name: string
  readonly ours: number
  /** The same work done without us, measured in the same run; absent where there is nothing to compare with. */
  readonly baseline?: number
  readonly unit: string
  /** ours / baseline. */
  readonly ratio?: number
  /** Such as `>= 0.8`; about the ratio where there is one, else about our figure. */
  readonly aim?: string
  /** How it was measured, and what would not fit into the figures. */
  readonly note?: string
}

/** Whether the aim was met; undefined without one. */
export function isMet({ aim, ratio, ours }: Result): boolean | undefined {
  if (aim === undefined) return undefined
  const [, relation, limit] = /^(>=|<=) ([\d.]+)/.exec(aim) ?? []
  if (limit === undefined) throw new Error(`the aim '${aim}' is not like '>= 0.8'`)
  const value = ratio ?? ours
  return relation === '>=' ? value >= Number(limit) : value <= Number(limit)
}

/** What may be asked of a benchmark on the command line. */
export interface BenchmarkOptions {
  /** Rows that a benchmark of large data makes. */
  readonly size?: number | undefined
}
