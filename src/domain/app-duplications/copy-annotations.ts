import type { Writer } from '../../store/database.ts'
import { takenAnnotationIds } from '../../store/repos/annotation-lists.ts'
import { annotationsOfApp, conceptPksOf, contentsOfInputs, copyAnnotations } from '../../store/repos/app-copies.ts'
import { inputIds, inputPks } from '../../store/repos/inputs.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { Row } from '../../store/schema/tables.ts'
import { ROWS_PER_PART } from './limits.ts'
import { renaming } from './names.ts'
import type { CopyScope, Stage } from './stages.ts'

/**
 * Annotations beside those of the inputs themselves. They go to the input of the same id, unless that is another picture
 * or text than the source's: on that they would be wrong.
 */
export const annotationStage: Stage<Row<'annotations'>> = {
  field: 'annotations',
  wanted: ({ copyAnnotations }) => copyAnnotations,
  next: (db, { args }, after) => annotationsOfApp(db, args.source.appPk, after?.pk ?? 0, ROWS_PER_PART.annotations),
  async copy(tx, { args, versions, now }, rows) {
    const { appPk } = args.destination
    const given = rows.filter(({ input_level }) => input_level === 0)
    const inputs = await copiesOfInputs(
      tx,
      args,
      given.map(({ input_pk }) => input_pk),
    )
    const ids = given.map(({ id }) => id)
    const taken = await takenAnnotationIds(tx, [...inputs.values()], ids)
    const fresh = given.filter(({ input_pk, id }) => !taken.has(`${inputs.get(input_pk)} ${id}`))
    const conceptPks = await conceptPksOf(tx, { annotations: fresh.map(({ pk }) => pk) })
    const names = await renaming(tx, args, versions, conceptPks, now)
    const copied = await copyAnnotations(tx, fresh, appPk, (pk) => inputs.get(pk), names, now)
    await noteChange(tx, appPk)
    return copied
  },
}

/** Pks of the inputs of the destination with the same ids and contents, by those of the source. */
export async function copiesOfInputs(
  tx: Writer,
  { destination }: CopyScope['args'],
  pks: readonly number[],
): Promise<Map<number, number>> {
  const ids = await inputIds(tx, pks)
  const there = await inputPks(tx, destination.appPk, [...ids.values()])
  const pairs = [...ids].flatMap(([pk, id]) => (there.has(id) ? [[pk, there.get(id)!] as const] : []))
  const contents = await contentsOfInputs(tx, pairs.flat())
  return new Map(pairs.filter(([from, to]) => contents.get(from) === contents.get(to)))
}
