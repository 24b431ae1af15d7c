import { type SqlBool, sql } from 'kysely'
import type { Row, WorkerKind } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** A place in the annotations of a film: the time of the frame in milliseconds, then the pk. */
export interface FramePlace {
  readonly ms: number
  readonly pk: number
}

/** Which annotations in frames are wanted. */
export interface FrameNarrowing {
  /** The lowest number of a frame. */
  readonly number: number
  /** The time at which it is over, in milliseconds. */
  readonly end?: number
  /** One of SHAPES; 0 for any. */
  readonly shape: number
  readonly worker?: { readonly kind: WorkerKind; readonly id: string }
}

/** Annotations in the frames of an input after a place, in the order of the film. */
export function frameAnnotations(
  db: Reader,
  inputPk: number,
  { number, end, shape, worker }: FrameNarrowing,
  after: FramePlace,
  limit: number,
): Promise<Row<'annotations'>[]> {
  return db
    .selectFrom('annotations')
    .selectAll()
    .where('input_pk', '=', inputPk)
    .where('frame_ms', '>=', after.ms)
    .where((eb) => eb.or([eb('frame_ms', '>', after.ms), eb('pk', '>', after.pk)]))
    .where('frame_number', '>=', number)
    .$if(end !== undefined, (query) => query.where('frame_ms', '<', end!))
    .$if(shape !== 0, (query) => query.where(sql<SqlBool>`annotations.shapes & ${sql.lit(shape)} <> 0`))
    .$if(worker !== undefined, (query) =>
      query.where('worker_kind', '=', worker!.kind).where('worker_id', '=', worker!.id),
    )
    .orderBy('frame_ms')
    .orderBy('pk')
    .limit(limit)
    .execute()
}
