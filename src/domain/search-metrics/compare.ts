import { create } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema } from '../../contract/index.ts'
import { type Chunk, packChunk } from '../../evaluation/chunk.ts'
import type { Reader } from '../../store/database.ts'
import { annotations } from '../../store/repos/families.ts'
import { fittingAnnotations, type SearchScope } from '../../store/repos/search-matches.ts'
import { toMessage } from '../annotations/present.ts'
import { ConceptPlaces } from '../evaluations/subject.ts'
import { boxesOf, foundBoxesOf, isLabelled, labelsOf } from '../evaluations/truths.ts'

/** What is compared. */
export interface Comparison {
  readonly task: 'classification' | 'detection'
  readonly truth: SearchScope
  readonly found: SearchScope
  readonly concepts: readonly Concept[]
}

/** Compares what both searches say of some inputs, as a chunk for the process that measures. */
export async function compareInputs(
  db: Reader,
  { task, truth, found, concepts }: Comparison,
  inputPks: readonly number[],
): Promise<Buffer> {
  const places = new ConceptPlaces(concepts)
  const truths = await dataOf(db, truth, inputPks)
  // What says nothing about an input proves nothing either.
  const labelled = inputPks.filter((pk) => truths.has(pk) && isLabelled(truths.get(pk)!))
  const founds = await dataOf(db, found, labelled)
  const ids = labelled.map(String)
  const said = labelled.map((pk) => truths.get(pk)!)
  const claimed = labelled.map((pk) => founds.get(pk) ?? NOTHING)
  return packChunk(task === 'classification' ? classified() : detected())

  function classified(): Chunk {
    const scores = new Float32Array(ids.length * concepts.length)
    for (const [row, data] of claimed.entries()) {
      for (const concept of [...data.concepts, ...data.regions.flatMap((region) => region.data?.concepts ?? [])]) {
        const place = places.of(concept)
        if (place === undefined) continue
        const at = row * concepts.length + place
        scores[at] = Math.max(scores[at]!, Math.min(1, Math.max(0, concept.value)))
      }
    }
    return { ids, labels: said.map((data) => labelsOf(data, places)), scores }
  }

  function detected(): Chunk {
    return {
      ids,
      sizes: ids.map(() => null),
      truths: said.map((data) => boxesOf(data, places)),
      found: claimed.map((data) => foundBoxesOf(data, places)),
    }
  }
}

const NOTHING = create(DataSchema)

/** What the annotations of each input that a search finds say together. */
async function dataOf(db: Reader, scope: SearchScope, inputPks: readonly number[]): Promise<Map<number, Data>> {
  const fitting = await fittingAnnotations(db, scope, inputPks)
  const rows = await annotations.getManyByPk(
    db,
    fitting.map(({ pk }) => pk),
  )
  const together = new Map<number, Data>()
  for (const row of rows.values()) {
    const { data } = toMessage(row, '')
    if (!data) continue
    const all = together.get(row.input_pk) ?? create(DataSchema)
    all.concepts.push(...data.concepts)
    all.regions.push(...data.regions)
    together.set(row.input_pk, all)
  }
  return together
}
