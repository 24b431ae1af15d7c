import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import type { EngineSetup } from '../engine.ts'
import { booleanParam, choicesParam, invalidParam } from '../params.ts'
import { operator } from './operator.ts'

type Test = (data: Data) => boolean

/** Kinds of inputs; a frame of a video counts as a video, and as nothing else. */
const KINDS = {
  image: (data: Data) => data.image !== undefined && data.video === undefined,
  video: (data: Data) => data.video !== undefined || data.frames.length > 0,
  text: (data: Data) => data.text !== undefined,
  audio: (data: Data) => data.audio !== undefined,
} satisfies Record<string, Test>
const KIND_NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[]
/** Depth to which metadata is compared. */
const METADATA_DEPTH_MAX = 20

/**
 * Passes an input on whole when it meets all that is asked: one of `input_types`; one of the operator's concepts, with
 * at least its value, in the input or one of its regions; and `metadata` that the input's own contains. With `invert`
 * the others pass. What is not asked is not looked at.
 */
export const inputFilter = operator('input-filter', (setup) => {
  const { params } = setup
  const tests = [kindTest(params), conceptTest(setup), metadataTest(params)].filter((test) => test !== undefined)
  const invert = booleanParam(params, 'invert', false)
  return ({ data }) => (tests.every((test) => test(data)) !== invert ? data : create(DataSchema))
})

function kindTest(params: JsonObject): Test | undefined {
  const kinds = choicesParam(params, 'input_types', KIND_NAMES, [])
  return kinds.length === 0 ? undefined : (data) => kinds.some((kind) => KINDS[kind](data))
}

function conceptTest({ concepts }: EngineSetup): Test | undefined {
  if (concepts.length === 0) return undefined
  const least = new Map(concepts.map(({ id, name, value }) => [id || name, Math.fround(value)]))
  // Thresholds come from 32-bit fields, values of engines may be finer.
  const passes: Test = (data) =>
    data.concepts.some(
      ({ id, name, value }) => Math.fround(value) >= (least.get(id) ?? least.get(name) ?? Number.NaN),
    ) || data.regions.some((region) => region.data !== undefined && passes(region.data))
  return passes
}

function metadataTest(params: JsonObject): Test | undefined {
  const wanted = params.metadata ?? {}
  if (typeof wanted !== 'object' || Array.isArray(wanted)) {
    throw invalidParam('The parameter metadata must be an object, such as {"camera": "north"}.')
  }
  if (Object.keys(wanted).length === 0) return undefined
  return ({ metadata }) => metadata !== undefined && contains(metadata, wanted, METADATA_DEPTH_MAX)
}

/** Whether a JSON value contains another: objects all its fields, lists all its items in any order, others are equal. */
function contains(value: JsonValue | undefined, wanted: JsonValue, depth: number): boolean {
  if (depth === 0) throw invalidParam(`The parameter metadata is more than ${METADATA_DEPTH_MAX} levels deep.`)
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && wanted.every((item) => value.some((own) => contains(own, item, depth - 1)))
  }
  if (wanted === null || typeof wanted !== 'object') return value === wanted
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.entries(wanted).every(
    ([key, inner]) => inner !== undefined && Object.hasOwn(value, key) && contains(value[key], inner, depth - 1),
  )
}
