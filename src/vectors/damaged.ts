/** A kept index is not what it was when it was written; the database has to be read again. */
export class DamagedIndex extends Error {
  override readonly name = 'DamagedIndex'
}
