import type { Session } from '../session.ts'
import { nullable, type TableMaker } from './table-maker.ts'

/** The words of texts, for searches, with the engine's own index over them; triggers keep the index. */
export async function texts(make: TableMaker, db: Session): Promise<void> {
  await make.table('texts', (t) =>
    t
      .pk()
      .bigint('app_pk')
      .parent('input_pk', 'inputs')
      .parent('annotation_pk', 'annotations', nullable)
      .bigint('words')
      .text('body'),
  )
  await make.index('texts', ['input_pk'])
  await make.index('texts', ['annotation_pk'])
  await make.index('texts', ['app_pk', 'words'])
  for (const statement of db.ops.indexTexts) await statement.execute(db)
}
