import type { Reader } from '../../store/database.ts'
import { type EmbeddingChange, type StoredVector, vectorsOf } from '../../store/repos/embedding-log.ts'
import { DamagedIndex } from '../../vectors/damaged.ts'
import { toUnit } from '../../vectors/distance.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'

/** Applies changes in order to the indexes that they belong to; adding to one may show that its files are damaged. */
export async function applyChanges(
  db: Reader,
  changes: readonly EmbeddingChange[],
  indexOf: (change: EmbeddingChange) => VectorIndex | undefined,
  damaged: (change: EmbeddingChange, error: DamagedIndex) => void,
): Promise<void> {
  const wanted = changes.flatMap((change) => {
    const index = indexOf(change)
    return index ? [{ change, index }] : []
  })
  const added = wanted.flatMap(({ change }) => (change.added ? change.embeddingPk : []))
  const vectors = added.length > 0 ? await vectorsOf(db, added) : new Map<number, StoredVector>()
  for (const { change, index } of wanted) {
    const stored = vectors.get(change.embeddingPk)
    if (!change.added) index.rows.remove(change.embeddingPk)
    if (!change.added || !stored) continue
    try {
      index.rows.append(change.embeddingPk, readVector(stored.vector), stored.inputPk, stored.annotationPk)
    } catch (error) {
      if (!(error instanceof DamagedIndex)) throw error
      damaged(change, error)
    }
  }
}

/** A copy of length 1, as the bytes of a row may lie anywhere in a larger buffer. */
export function readVector(bytes: Uint8Array): Float32Array {
  return toUnit(new Float32Array(Uint8Array.from(bytes).buffer))
}
