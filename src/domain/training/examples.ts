import { AnnotationSchema, type Data, type Region } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { CONCEPT_PLACES } from '../../store/data-bits.ts'
import type { Reader } from '../../store/database.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { annotationDocs, processedByIds, processedInputs, trustedLabels } from '../../store/repos/training-examples.ts'
import type { Labels } from '../../training/types.ts'
import { batchesOf, inputsIn } from '../datasets/versions/batches.ts'
import type { Services } from '../services.ts'
import { type Box, boxOf } from './boxes.ts'
import { TRAINING_INPUTS_MAX } from './limits.ts'
import { type Moment, momentKey, momentsIn } from './moments.ts'

/** Which labels are examples. */
export interface ExampleWish {
  readonly appPk: number
  /**
   * Ids of the concepts, in the order of the model's outputs; labels of others are left out. Without them all that a
   * dataset version has.
   */
  readonly conceptIds?: readonly string[] | undefined
  /** Labels of whole inputs and of moments of films, of regions in pictures, or both. */
  readonly places: 'whole' | 'regions' | 'both'
  /** A version of a dataset, of this app or another; without it all that people have labelled in the app. */
  readonly datasetVersionPk?: number | undefined
}

/** An input, a region in it, or a moment of it, of which something was said. */
export interface Example {
  readonly inputPk: number
  /** Empty for the whole input or moment. */
  readonly regionId: string
  readonly box?: Box
  readonly moment?: Moment
}

/** Examples in the order of inputs, with what was said about them; `labels.rows` are places in `examples`. */
export interface GatheredExamples {
  readonly examples: readonly Example[]
  readonly labels: Labels
  /** What `labels.concepts` are places in. */
  readonly conceptIds: readonly string[]
  /** Inputs of the dataset version that are not there any more. */
  readonly gone: number
}

/**
 * Gathers what people have said about concepts: done annotations of processed inputs, as they are now or as they were
 * in a dataset version.
 */
export async function gatherExamples(
  services: Pick<Services, 'db' | 'blobs'>,
  wish: ExampleWish,
): Promise<GatheredExamples> {
  const collected = new Collected(wish.conceptIds)
  const gone =
    wish.datasetVersionPk === undefined
      ? await fromAnnotations(services.db.read, wish, collected)
      : await fromVersion(services, wish, wish.datasetVersionPk, collected)
  return { ...collected.sorted(), gone }
}

/** All processed inputs of an app, or those of a dataset version, for what learns without labels. */
export async function gatherInputs(
  services: Pick<Services, 'db' | 'blobs'>,
  { appPk, datasetVersionPk }: Pick<ExampleWish, 'appPk' | 'datasetVersionPk'>,
): Promise<GatheredExamples> {
  const pks: number[] = []
  let gone = 0
  if (datasetVersionPk === undefined) pks.push(...(await processedInputs(services.db.read, appPk, TRAINING_INPUTS_MAX)))
  else {
    for await (const batch of batchesOf(services, datasetVersionPk)) {
      const ids = [...inputsIn(batch)].map(({ id }) => id)
      const found = await processedByIds(services.db.read, appPk, ids)
      gone += ids.length - found.size
      pks.push(...found.values())
    }
  }
  const none = { rows: new Int32Array(0), concepts: new Int32Array(0), values: new Float32Array(0) }
  const examples = pks.sort((a, b) => a - b).map((inputPk) => ({ inputPk, regionId: '' }))
  return { examples, labels: none, conceptIds: [], gone }
}

async function fromAnnotations(db: Reader, wish: ExampleWish, into: Collected): Promise<number> {
  const concepts = await conceptsById(db, wish.appPk, wish.conceptIds ?? [])
  const ids = new Map([...concepts.values()].map(({ pk, id }) => [pk, id]))
  if (wish.places !== 'regions') {
    for (const row of await trustedLabels(db, wish.appPk, [...ids.keys()], CONCEPT_PLACES.whole)) {
      into.add({ inputPk: row.input_pk, regionId: '' }, ids.get(row.concept_pk)!, row.value)
    }
    for (const place of [CONCEPT_PLACES.frame, CONCEPT_PLACES.time_segment]) {
      for (const { inputPk, data } of await labelledIn(db, wish.appPk, [...ids.keys()], place)) {
        addMoments(into, inputPk, data)
      }
    }
  }
  if (wish.places === 'whole') return 0
  for (const { inputPk, data } of await labelledIn(db, wish.appPk, [...ids.keys()], CONCEPT_PLACES.region)) {
    addRegions(into, inputPk, data.regions)
  }
  return 0
}

/** The data of annotations that have labels in something of the input. */
async function labelledIn(
  db: Reader,
  appPk: number,
  conceptPks: readonly number[],
  place: number,
): Promise<{ inputPk: number; data: Data }[]> {
  const rows = await trustedLabels(db, appPk, conceptPks, place)
  const inputs = new Map(rows.map(({ annotation_pk, input_pk }) => [annotation_pk, input_pk]))
  const docs = await annotationDocs(db, [...inputs.keys()])
  return [...inputs].flatMap(([annotationPk, inputPk]) => {
    const doc = docs.get(annotationPk)
    // Deleted between the two looks.
    const data = doc === undefined ? undefined : decodeDoc(AnnotationSchema, doc).data
    return data ? [{ inputPk, data }] : []
  })
}

async function fromVersion(
  services: Pick<Services, 'db' | 'blobs'>,
  wish: ExampleWish,
  versionPk: number,
  into: Collected,
): Promise<number> {
  let gone = 0
  for await (const batch of batchesOf(services, versionPk)) {
    const inputs = [...inputsIn(batch)]
    const pks = await processedByIds(
      services.db.read,
      wish.appPk,
      inputs.map(({ id }) => id),
    )
    for (const { id, data } of inputs) {
      const inputPk = pks.get(id)
      if (inputPk === undefined) gone++
      else if (data) addData(into, wish, inputPk, data)
    }
  }
  return gone
}

function addData(into: Collected, { places }: ExampleWish, inputPk: number, data: Data): void {
  if (places !== 'regions') {
    for (const { id, value } of data.concepts) into.add({ inputPk, regionId: '' }, id, value)
    addMoments(into, inputPk, data)
  }
  if (places !== 'whole') addRegions(into, inputPk, data.regions)
}

function addMoments(into: Collected, inputPk: number, data: Data): void {
  for (const { moment, concepts } of momentsIn(data)) {
    for (const { id, value } of concepts) into.add({ inputPk, regionId: '', moment }, id, value)
  }
}

function addRegions(into: Collected, inputPk: number, regions: readonly Region[]): void {
  for (const region of regions) {
    const box = boxOf(region)
    for (const { id, value } of region.data?.concepts ?? []) {
      into.add({ inputPk, regionId: region.id, ...(box && { box }) }, id, value)
    }
  }
}

/** The whole film comes before its moments. */
const before = (a: Moment | undefined, b: Moment | undefined): number =>
  (a?.fromMs ?? -1) - (b?.fromMs ?? -1) || (a?.toMs ?? -1) - (b?.toMs ?? -1)

/** Examples and labels as they come in, one example for each input, region or moment. */
class Collected {
  readonly #concepts: Map<string, number>
  readonly #isOpen: boolean
  readonly #examples = new Map<string, { example: Example; readonly said: [concept: number, value: number][] }>()

  constructor(conceptIds: readonly string[] | undefined) {
    this.#concepts = new Map((conceptIds ?? []).map((id, at) => [id, at]))
    this.#isOpen = conceptIds === undefined
  }

  add(example: Example, conceptId: string, value: number): void {
    if (this.#isOpen && !this.#concepts.has(conceptId)) this.#concepts.set(conceptId, this.#concepts.size)
    const concept = this.#concepts.get(conceptId)
    if (concept === undefined) return
    const key = `${example.inputPk} ${example.regionId} ${example.moment ? momentKey(example.moment) : ''}`
    const known = this.#examples.get(key)
    if (!known) this.#examples.set(key, { example, said: [[concept, value]] })
    else {
      known.said.push([concept, value])
      // A region that was labelled by its id alone has its place elsewhere.
      if (!known.example.box && example.box) known.example = example
    }
  }

  sorted(): Pick<GatheredExamples, 'examples' | 'labels' | 'conceptIds'> {
    const all = [...this.#examples.values()].sort(
      ({ example: a }, { example: b }) =>
        a.inputPk - b.inputPk ||
        (a.regionId === b.regionId ? before(a.moment, b.moment) : a.regionId < b.regionId ? -1 : 1),
    )
    const cells = all.flatMap(({ said }, row) => said.map(([concept, value]) => ({ row, concept, value })))
    return {
      examples: all.map(({ example }) => example),
      conceptIds: [...this.#concepts.keys()],
      labels: {
        rows: Int32Array.from(cells, ({ row }) => row),
        concepts: Int32Array.from(cells, ({ concept }) => concept),
        values: Float32Array.from(cells, ({ value }) => value),
      },
    }
  }
}
