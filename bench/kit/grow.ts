import { StatusCode } from '../../src/contract/index.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import { addTallies } from '../../src/store/repos/tallies.ts'
import type { DataPlane } from './data-plane.ts'

const ROWS_PER_TRANSACTION = 2_000

/** Fills the app with processed texts, each with its medium and its own annotation, straight into the database. */
export async function growTo({ services, appPk }: DataPlane, size: number): Promise<void> {
  for (let from = 0; from < size; from += ROWS_PER_TRANSACTION) {
    const count = Math.min(ROWS_PER_TRANSACTION, size - from)
    const numbers = Array.from({ length: count }, (_, at) => from + at)
    await services.db.transact(async (tx) => {
      const inputs = await insertRows(
        tx,
        'inputs',
        numbers.map((n) => ({
          app_pk: appPk,
          id: `made-${n}`,
          kinds: 8,
          status_code: StatusCode.INPUT_SUCCESS,
          status_details: '',
          add_job_pk: null,
          doc: '{"data":{"text":{}}}',
          created_at: 1_000_000 + n,
          modified_at: 1_000_000 + n,
        })),
        ['pk', 'id'],
      )
      const times = { created_at: 1, modified_at: 1 }
      const facts = '{"facts":{"kind":"text","charCount":4,"encoding":"UTF8"}}'
      const media = await insertRows(
        tx,
        'media',
        inputs.map(({ pk }) => ({
          ...times,
          app_pk: appPk,
          input_pk: pk,
          id: pk.toString(16).padStart(32, '0'),
          kind: 'text' as const,
          doc: facts,
        })),
        ['pk'],
      )
      const content = Buffer.from('text')
      const file = { size_name: 'orig', hash: '', start: 0, size: 4, content_type: 'text/plain', content }
      await insertRows(
        tx,
        'media_files',
        media.map(({ pk }) => ({ media_pk: pk, ...file })),
        [],
      )
      await insertRows(
        tx,
        'annotations',
        inputs.map(({ pk, id }) => ({
          ...times,
          app_pk: appPk,
          input_pk: pk,
          id,
          worker_kind: 'user' as const,
          worker_id: 'admin',
          worker_pk: null,
          status_code: StatusCode.ANNOTATION_SUCCESS,
          trusted: 1 as const,
          input_level: 1 as const,
          task_id: '',
          track_id: '',
          shapes: 0,
          doc: '{}',
        })),
        [],
      )
      await addTallies(tx, appPk, [{ kind: 'inputs', key: StatusCode.INPUT_SUCCESS, by: count }])
    })
  }
}
