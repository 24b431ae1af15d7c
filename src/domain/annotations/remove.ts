import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { removableAnnotations } from '../../store/repos/annotation-lists.ts'
import { annotations, inputs } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { workerOf } from '../inputs/caller.ts'
import { demandAuthorship } from './authorship.ts'
import { findAnnotation } from './find.ts'
import { invalidAnnotation } from './problem.ts'
import { removeAnnotations } from './store.ts'

/** Annotations deleted in one transaction where all of an input go. */
const PART = 1_000

/** Deletes one annotation; the input-level one stays as long as its input. Throws AppError 11101, 24155, 24156. */
export async function deleteAnnotation(call: Call, inputId: string, id: string): Promise<void> {
  const app = requireApp(call.target)
  await call.services.db.transact(async (tx) => {
    const row = await findAnnotation(tx, app.pk, inputId, id)
    demandAuthorship(call, row)
    if (row.input_level === 1) {
      throw invalidAnnotation('The input-level annotation goes with its input; remove its data by PatchInputs.')
    }
    await removeAnnotations(tx, app.pk, [row.pk])
  })
}

/**
 * Deletes the annotations with these ids, each of the input at the same place in the other list, or without ids all
 * that the caller may delete on these inputs. Input-level ones stay, and what is not there is no error.
 */
export async function deleteAnnotations(
  call: Call,
  ids: readonly string[],
  inputIds: readonly string[],
): Promise<void> {
  if (inputIds.length === 0) {
    throw invalidAnnotation('The request has no input_ids; name the inputs whose annotations are to go.')
  }
  if (inputIds.length > BATCH_ITEMS_MAX) {
    throw invalidAnnotation(`The request has ${inputIds.length} input_ids; send at most ${BATCH_ITEMS_MAX} at a time.`)
  }
  if (ids.length > 0) return deleteNamed(call, ids, inputIds)
  const app = requireApp(call.target)
  const { db } = call.services
  const pks = [...(await inputs.getMany(db.read, app.pk, inputIds)).values()].map(({ pk }) => pk)
  const mine = call.target.rights === 'owner' ? undefined : workerOf(call).id
  for (let removed = PART; pks.length > 0 && removed === PART; ) {
    removed = await db.transact(async (tx) => {
      const part = await removableAnnotations(tx, pks, mine, PART)
      return removeAnnotations(tx, app.pk, part)
    })
  }
}

async function deleteNamed(call: Call, ids: readonly string[], inputIds: readonly string[]): Promise<void> {
  if (ids.length !== inputIds.length) {
    throw invalidAnnotation(`There are ${ids.length} ids and ${inputIds.length} input_ids; send as many of both.`)
  }
  const app = requireApp(call.target)
  await call.services.db.transact(async (tx) => {
    const found = await inputs.getMany(tx, app.pk, inputIds)
    const pks: number[] = []
    for (const [at, id] of ids.entries()) {
      const input = found.get(inputIds[at]!)
      const row = input && (await annotations.get(tx, input.pk, id))
      if (!row || row.input_level === 1) continue
      demandAuthorship(call, row)
      pks.push(row.pk)
    }
    await removeAnnotations(tx, app.pk, pks)
  })
}
