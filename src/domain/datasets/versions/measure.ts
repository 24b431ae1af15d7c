import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Data, type Input, type Region, DatasetVersionMetricsGroupType as Type } from '../../../contract/index.ts'
import { encodeDoc } from '../../../contract/json/index.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Services } from '../../services.ts'
import { batchesOf, inputsIn } from './batches.ts'
import { Counters } from './counters.ts'
import { ASPECT_BIN, CONCEPT_GROUPS_MAX, PIXELS_BIN } from './limits.ts'

/** A group of metrics as the store has it. */
export type Group = Omit<Row<'dataset_version_groups'>, 'version_pk' | 'position'>

/** What stands as value of the group over all inputs. */
const TOTAL = 'total'

/** Counts a version from its parts; the group over all inputs comes first. */
export async function measureVersion(services: Pick<Services, 'db' | 'blobs'>, versionPk: number): Promise<Group[]> {
  const measure = new Measure()
  for await (const batch of batchesOf(services, versionPk)) {
    for (const input of inputsIn(batch)) measure.add(input)
    await nextTurn()
  }
  return measure.groups()
}

type Value = string | number

/** Counts inputs in all groups that they belong to. */
export class Measure {
  readonly #total = new Counters()
  readonly #groups = new Map<Type, Map<Value, Counters>>()

  /** Counts one input. */
  add(input: Input): void {
    const { data } = input
    if (!data) return
    const facts = readFacts(data)
    countInput(this.#total, facts)
    for (const kind of ['image', 'video', 'audio', 'text'] as const) {
      if (data[kind] && (kind !== 'text' || !data.image)) countInput(this.#at(Type.INPUT_TYPE, kind), facts)
    }
    for (const id of facts.concepts) countConcept(this.#at(Type.CONCEPT_ID, id), facts, id)
    countInput(this.#at(Type.CONCEPTS_COUNT, facts.concepts.size), facts)
    const forms = new Counters()
    for (const region of facts.regions) forms.addRegion(region)
    countInput(this.#at(Type.BOUNDING_BOXES_COUNT, forms.get('boundingBoxesCount')), facts)
    countInput(this.#at(Type.POLYGONS_COUNT, forms.get('polygonsCount')), facts)
    countInput(this.#at(Type.POINTS_COUNT, forms.get('pointsCount')), facts)
    countInput(this.#at(Type.MASKS_COUNT, forms.get('masksCount')), facts)
    const { width = 0, height = 0 } = data.image?.imageInfo ?? data.video?.videoInfo ?? {}
    if (width > 0 && height > 0) {
      const pixels = Math.floor((width * height) / PIXELS_BIN) * PIXELS_BIN
      countInput(this.#at(Type.PIXELS_COUNT, pixels), facts)
      // Rounded, as tenths are no binary numbers.
      const aspect = Math.round(Math.floor(width / height / ASPECT_BIN + 1e-9) * ASPECT_BIN * 10) / 10
      countInput(this.#at(Type.ASPECT_RATIO, aspect), facts)
    }
  }

  #at(type: Type, value: Value): Counters {
    const values = this.#groups.get(type) ?? new Map<Value, Counters>()
    const counters = values.get(value) ?? new Counters()
    this.#groups.set(type, values.set(value, counters))
    return counters
  }

  /** All groups: the one over all inputs, then by type and value. */
  groups(): Group[] {
    const total = group(Type.DATASET_VERSION_METRICS_GROUP_TYPE_NOT_SET, TOTAL, this.#total)
    const rest = [...this.#groups].sort(([a], [b]) => a - b)
    return [
      total,
      ...rest.flatMap(([type, values]) =>
        sorted(type, values).map(([value, counters]) => group(type, value, counters)),
      ),
    ]
  }
}

function sorted(type: Type, values: ReadonlyMap<Value, Counters>): [Value, Counters][] {
  const all = [...values]
  if (type !== Type.CONCEPT_ID) return all.sort(([a], [b]) => (a < b ? -1 : 1))
  return all
    .sort(([a, x], [b, y]) => y.get('inputsCount') - x.get('inputsCount') || (a < b ? -1 : 1))
    .slice(0, CONCEPT_GROUPS_MAX)
}

const group = (type: Type, value: Value, counters: Counters): Group => ({
  parent_path: '',
  type,
  value: JSON.stringify(value),
  doc: encodeDoc(counters.toMessage()),
})

/** What of an input is counted. */
interface Facts {
  readonly data: Data
  readonly regions: readonly Region[]
  readonly framesWithRegions: number
  /** Ids of what is there, anywhere in the input. */
  readonly concepts: ReadonlySet<string>
}

function readFacts(data: Data): Facts {
  const inFrames = data.frames.map(({ data: inner }) => inner?.regions ?? [])
  const regions = [...data.regions, ...inFrames.flat()]
  const parts = [
    data,
    ...regions.map((region) => region.data),
    ...data.frames.map((frame) => frame.data),
    ...data.timeSegments.map((segment) => segment.data),
  ]
  const concepts = new Set(parts.flatMap((part) => positives(part)))
  return { data, regions, framesWithRegions: inFrames.filter((list) => list.length > 0).length, concepts }
}

const positives = (data: Data | undefined): string[] =>
  data?.concepts.flatMap(({ id, value }) => (value > 0 ? [id] : [])) ?? []

function countInput(counters: Counters, { data, regions, framesWithRegions, concepts }: Facts): void {
  countShared(counters, data, framesWithRegions)
  if (concepts.size === 0) counters.add('unlabeledInputsCount')
  if (data.regions.length > 0) counters.add('regionInputsCount')
  counters.add('positiveInputTagsCount', positives(data).length)
  for (const region of regions) {
    counters.addRegion(region)
    counters.add('positiveRegionTagsCount', positives(region.data).length)
  }
  for (const frame of data.frames) counters.add('positiveFrameTagsCount', positives(frame.data).length)
}

/** Of an input in the group of a concept only what bears the concept is counted. */
function countConcept(counters: Counters, { data, regions, framesWithRegions }: Facts, id: string): void {
  countShared(counters, data, framesWithRegions)
  const bears = (part: Data | undefined): boolean => positives(part).includes(id)
  if (data.regions.some((region) => bears(region.data))) counters.add('regionInputsCount')
  if (bears(data)) counters.add('positiveInputTagsCount')
  for (const region of regions) {
    if (!bears(region.data)) continue
    counters.addRegion(region)
    counters.add('positiveRegionTagsCount')
  }
  for (const frame of data.frames) if (bears(frame.data)) counters.add('positiveFrameTagsCount')
}

function countShared(counters: Counters, data: Data, framesWithRegions: number): void {
  counters.add('inputsCount')
  if (data.metadata && Object.keys(data.metadata).length > 0) counters.add('inputsWithMetadataCount')
  if (data.geo?.geoPoint) counters.add('inputsWithGeoCount')
  counters.add('framesCount', data.frames.length)
  if (data.frames.length > 0) counters.add('frameInputsCount')
  counters.add('regionFramesCount', framesWithRegions)
  counters.add('embeddingsCount', data.embeddings.length)
}
