/** A kept index is not what it was when it was written; the database has to be read again. */
export class DamagedIndex extends Error {
  override readonly name = 'DamagedIndex'
}

/** Nothing in place of a damaged index; throws any other error. */
export function ifDamaged(error: unknown): undefined {
  if (!(error instanceof DamagedIndex)) throw error
}
