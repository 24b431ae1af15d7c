import type { TableMaker } from './table-maker.ts'

/** What trained versions were made of, and vectors that were computed for trainings alone. */
export async function training(make: TableMaker): Promise<void> {
  await make.table('model_trainings', (t) => t.parent('version_pk', 'model_versions').text('doc').key(['version_pk']))
  await make.table('training_vectors', (t) =>
    t
      .parent('input_pk', 'inputs')
      .bigint('model_version_pk')
      .text('part')
      .bytes('vector')
      .key(['input_pk', 'model_version_pk', 'part']),
  )
}
