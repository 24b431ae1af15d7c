import { create } from '@bufbuild/protobuf'
import {
  AnnotationSchema,
  type Concept,
  ConceptSchema,
  DataSchema,
  type EvalTestSetEntry,
  EvalTestSetEntrySchema,
  type Input,
  InputSchema,
  RegionSchema,
} from '../../contract/index.ts'
import {
  type ClassifiedChunk,
  type DetectedChunk,
  isClassified,
  type PackedBox,
  readChunk,
} from '../../evaluation/chunk.ts'
import type { Reader } from '../../store/database.ts'
import { type EvaluationRow, nextEvaluationChunk } from '../../store/repos/evaluations.ts'
import { datasets, inputs as inputRows } from '../../store/repos/families.ts'
import { mediaOfInputs } from '../../store/repos/input-media.ts'
import { versionConcepts } from '../../store/repos/model-versions.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { reach } from '../access/standing.ts'
import type { Call } from '../call.ts'
import { toInput } from '../inputs/present.ts'
import { TEST_SET_CONCEPTS_MAX, TEST_SET_MAX } from './limits.ts'

interface Named {
  readonly id: string
  readonly name: string
}

/**
 * The first examples of an evaluation with what was said about each and what is true of it; none for callers who do not
 * see the app that they are from.
 */
export async function testSetOf(call: Call, row: EvaluationRow): Promise<EvalTestSetEntry[]> {
  // The examples may be of an app that not everybody sees who sees the evaluation.
  const { dataset_user_id, dataset_app_id } = row
  if (dataset_user_id !== null && !(await reach(call, dataset_user_id, dataset_app_id ?? ''))) return []
  const { read } = call.services.db
  const concepts = await versionConcepts(read, row.model_version_pk)
  const entries: EvalTestSetEntry[] = []
  for (let from = 0; entries.length < TEST_SET_MAX; ) {
    const chunk = await nextEvaluationChunk(read, row.pk, from)
    if (!chunk) break
    from = chunk.position + 1
    const content = readChunk(chunk.content)
    const left = TEST_SET_MAX - entries.length
    const inputs = await inputsOf(call, row, content.ids.slice(0, left))
    for (const [at, input] of inputs.entries()) {
      entries.push(
        isClassified(content) ? classified(content, at, input, concepts) : detected(content, at, input, concepts),
      )
    }
  }
  return entries
}

function classified({ scores, labels }: ClassifiedChunk, at: number, input: Input, concepts: readonly Named[]) {
  const own = scores.subarray(at * concepts.length, (at + 1) * concepts.length)
  const said = concepts.map((concept, place) => conceptOf(concept, own[place]!))
  return create(EvalTestSetEntrySchema, {
    input,
    predictedConcepts: said.sort((a, b) => b.value - a.value).slice(0, TEST_SET_CONCEPTS_MAX),
    groundTruthConcepts: labels[at]!.map((place) => conceptOf(concepts[place]!, 1)),
  })
}

function detected({ truths, found }: DetectedChunk, at: number, input: Input, concepts: readonly Named[]) {
  return create(EvalTestSetEntrySchema, {
    input,
    predictedConcepts: bestOf(found[at]!, concepts),
    groundTruthConcepts: bestOf(truths[at]!, concepts),
    predictedAnnotation: annotationOf(input, found[at]!, concepts),
    groundTruthAnnotation: annotationOf(input, truths[at]!, concepts),
  })
}

/** Each concept that boxes show, once, with its highest score; labels have none and count as 1. */
function bestOf(boxes: readonly PackedBox[], concepts: readonly Named[]): Concept[] {
  const best = new Map<number, number>()
  for (const [place, , , , , score = 1] of boxes) best.set(place!, Math.max(best.get(place!) ?? 0, score))
  return [...best].sort((a, b) => b[1] - a[1]).map(([place, score]) => conceptOf(concepts[place]!, score))
}

const annotationOf = (input: Input, boxes: readonly PackedBox[], concepts: readonly Named[]) =>
  create(AnnotationSchema, {
    inputId: input.id,
    data: create(DataSchema, {
      regions: boxes.map(([place, topRow, leftCol, bottomRow, rightCol, score = 1]) =>
        create(RegionSchema, {
          regionInfo: { boundingBox: { topRow, leftCol, bottomRow, rightCol } },
          value: score,
          data: { concepts: [conceptOf(concepts[place!]!, score)] },
        }),
      ),
    }),
  })

const conceptOf = ({ id, name }: Named, value: number): Concept => create(ConceptSchema, { id, name, value })

/** Inputs of the examples with their hosted media; of deleted ones the id alone is left. */
async function inputsOf({ services }: Call, row: EvaluationRow, ids: readonly string[]): Promise<Input[]> {
  const { read } = services.db
  const appPk = await appOf(read, row)
  const owner = (await ownersOf(read, [appPk])).get(appPk)
  const rows = await inputRows.getMany(read, appPk, ids)
  const media = await mediaOfInputs(
    read,
    [...rows.values()].map(({ pk }) => pk),
  )
  return ids.map((id) => {
    const found = rows.get(id)
    if (!found || !owner) return create(InputSchema, { id })
    return toInput({ appPk, ...owner, origin: services.origin }, found, media.get(found.pk) ?? [], undefined)
  })
}

async function appOf(read: Reader, { dataset_pk, app_pk }: EvaluationRow): Promise<number> {
  const dataset = dataset_pk === null ? undefined : await datasets.getByPk(read, dataset_pk)
  return dataset?.app_pk ?? app_pk
}
