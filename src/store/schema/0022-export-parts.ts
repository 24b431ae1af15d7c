import type { TableMaker } from './table-maker.ts'

/** What is there of exports of dataset versions that are being written. */
export async function exportParts(make: TableMaker): Promise<void> {
  await make.table('dataset_version_export_parts', (t) =>
    t
      .parent('version_pk', 'dataset_versions')
      .bigint('format')
      .bigint('position')
      .text('hash')
      .bigint('size')
      .text('files')
      .key(['version_pk', 'format', 'position']),
  )
}
