import { nullable, type TableMaker } from './table-maker.ts'

/** Secrets of users, each sealed by the server's key. */
export async function secrets(make: TableMaker): Promise<void> {
  await make.table('secrets', (t) =>
    t.family().parent('user_pk', 'users').text('id').text('sealed').bigint('version').bigint('expires_at', nullable),
  )
  await make.index('secrets', ['user_pk', 'id'], { unique: true })
}
