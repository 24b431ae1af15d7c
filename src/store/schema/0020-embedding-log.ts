import type { TableMaker } from './table-maker.ts'

/** The log of embeddings by transaction, as it is read where transactions overlap; elsewhere their number is 0. */
export async function embeddingLogByTransaction(make: TableMaker): Promise<void> {
  await make.index('embedding_log', ['transaction_number', 'pk'], { where: 'transaction_number > 0' })
}
