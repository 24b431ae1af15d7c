import { IDS_PER_STATEMENT_MAX } from './limits.ts'

/** Values in the parts that one statement may name. */
export function* inParts<V>(values: readonly V[]): Generator<V[]> {
  for (let start = 0; start < values.length; start += IDS_PER_STATEMENT_MAX) {
    yield values.slice(start, start + IDS_PER_STATEMENT_MAX)
  }
}
