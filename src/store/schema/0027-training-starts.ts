import type { TableMaker } from './table-maker.ts'

/** What the next training of a model begins with, beside the head of the version before. */
export async function trainingStarts(make: TableMaker): Promise<void> {
  await make.table('training_starts', (t) => t.parent('version_pk', 'model_versions').bytes('held').key(['version_pk']))
}
