import { type MemberPlace, membersOfApp } from '../../store/repos/dataset-inputs.ts'
import { datasets } from '../../store/repos/families.ts'
import { addToDatasets } from '../../store/repos/inputs.ts'
import { copiesOfInputs } from './copy-annotations.ts'
import { ROWS_PER_PART } from './limits.ts'
import type { Stage } from './stages.ts'

/** What is in datasets: the copies of the inputs, in their order, go into the dataset of the same id. */
export const memberStage: Stage<MemberPlace> = {
  wanted: ({ copyInputs }) => copyInputs,
  next: (db, { args: { source } }, after) =>
    membersOfApp(
      db,
      { appPk: source.appPk, minVisibility: source.minVisibility },
      { datasetPk: after?.value ?? 0, inputPk: after?.pk ?? 0 },
      ROWS_PER_PART.members,
    ),
  placeOf: ({ dataset_pk, input_pk }) => ({ value: dataset_pk, pk: input_pk }),
  async copy(tx, { args }, rows) {
    const inputs = await copiesOfInputs(
      tx,
      args,
      rows.map(({ input_pk }) => input_pk),
    )
    const there = await datasets.getMany(tx, args.destination.appPk, [...new Set(rows.map(({ id }) => id))])
    const members = rows.flatMap(({ id, input_pk, created_at }) => {
      const dataset = there.get(id)
      const input = inputs.get(input_pk)
      // A bookmark of another dataset holds no inputs of its own.
      if (!dataset || dataset.is_bookmark === 1 || input === undefined) return []
      return [{ dataset_pk: dataset.pk, input_pk: input, created_at }]
    })
    await addToDatasets(tx, members)
    return members.length
  },
}
