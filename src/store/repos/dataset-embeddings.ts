import { inParts } from '../parts.ts'
import type { Reader } from '../session.ts'

/** Vectors of whole inputs by the inputs' ids, of certain model versions where such are named. */
export async function inputEmbeddings(
  db: Reader,
  appPk: number,
  inputIds: readonly string[],
  versionIds: readonly string[],
): Promise<Map<string, Uint8Array[]>> {
  const found = new Map<string, Uint8Array[]>()
  for (const part of inParts(inputIds)) {
    let query = db
      .selectFrom('embeddings')
      .innerJoin('inputs', 'inputs.pk', 'embeddings.input_pk')
      .select(['inputs.id', 'embeddings.vector'])
      .where('inputs.app_pk', '=', appPk)
      .where('inputs.id', 'in', part)
      .where('embeddings.region_id', '=', '')
      .orderBy('embeddings.pk')
    if (versionIds.length > 0) {
      query = query.where('embeddings.model_version_pk', 'in', (eb) =>
        eb.selectFrom('model_versions').select('model_versions.pk').where('model_versions.id', 'in', versionIds),
      )
    }
    for (const { id, vector } of await query.execute()) {
      const own = found.get(id)
      if (own) own.push(vector)
      else found.set(id, [vector])
    }
  }
  return found
}
