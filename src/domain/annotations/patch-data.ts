import { clone } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema } from '../../contract/index.ts'
import { applyPatch, type PatchAction } from '../resource/patch.ts'

const FIELDS = DataSchema.fields.map((field) => field.name)

/**
 * The data of an annotation or an input after a patch.
 *
 * Beyond the general rules of patching, what is one thing is merged as one thing: the place of a region, frame or
 * segment and a geo point replace the old one whole, and a concept's value counts even when it is 0, which means that
 * the label is negative. A region, frame or segment that a patch sends without id means the only one that there is.
 */
export function patchData(current: Data, patch: Data, action: PatchAction): Data {
  if (action === 'remove') return applyPatch(DataSchema, current, patch, action, FIELDS)
  const [before, change] = [clone(DataSchema, current), clone(DataSchema, patch)]
  nameOnly(before.regions, change.regions)
  nameOnly(before.frames, change.frames)
  nameOnly(before.timeSegments, change.timeSegments)
  if (action === 'overwrite') return applyPatch(DataSchema, before, change, action, FIELDS)
  clearReplaced(before, change)
  const result = applyPatch(DataSchema, before, change, action, FIELDS)
  setValues(result, change)
  return result
}

interface Item {
  id: string
}

function nameOnly(current: readonly Item[], patch: readonly Item[]): void {
  const [only, given] = [current[0], patch[0]]
  if (current.length === 1 && patch.length === 1 && only && given && given.id === '') given.id = only.id
}

function* pairs<I extends Item>(current: readonly I[], patch: readonly I[]): Generator<[I, I]> {
  for (const given of patch) {
    const found = current.find(({ id }) => id === given.id)
    if (found) yield [found, given]
  }
}

/** Takes away from `current` what the patch replaces whole, on every level. */
function clearReplaced(current: Data, patch: Data): void {
  if (patch.geo?.geoPoint) delete current.geo
  for (const [region, given] of pairs(current.regions, patch.regions)) {
    if (given.regionInfo) delete region.regionInfo
    deeper(region.data, given.data)
  }
  for (const [frame, given] of pairs(current.frames, patch.frames)) {
    if (given.frameInfo) delete frame.frameInfo
    deeper(frame.data, given.data)
  }
  for (const [segment, given] of pairs(current.timeSegments, patch.timeSegments)) {
    if (given.timeInfo) delete segment.timeInfo
    deeper(segment.data, given.data)
  }
}

function deeper(current: Data | undefined, patch: Data | undefined): void {
  if (!current || !patch) return
  nameOnly(current.regions, patch.regions)
  clearReplaced(current, patch)
}

/** Gives concepts the values that the patch sends; a 0 looks like nothing to the general rules. */
function setValues(result: Data, patch: Data): void {
  setConcepts(result.concepts, patch.concepts)
  const below = [
    ...pairs(result.regions, patch.regions),
    ...pairs(result.frames, patch.frames),
    ...pairs(result.timeSegments, patch.timeSegments),
  ]
  for (const [item, given] of below) if (item.data && given.data) setValues(item.data, given.data)
}

function setConcepts(concepts: readonly Concept[], patch: readonly Concept[]): void {
  for (const [concept, given] of pairs(concepts, patch)) concept.value = given.value
}
