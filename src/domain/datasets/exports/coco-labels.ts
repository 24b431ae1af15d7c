import { clone, create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../../contract/index.ts'
import { encodeDoc } from '../../../contract/json/index.ts'
import { walk } from '../../annotations/walk.ts'
import type { Categories, Numbered } from './coco.ts'
import { isInstance } from './coco-items.ts'

/**
 * What is said about an input beyond the instances and captions of COCO: labels of the whole with their values, and as
 * `data` (in the form of the API) regions of other forms, frames, time segments.
 */
export function otherLabels({ input, number }: Numbered, categories: Categories): object[] {
  const { data } = input
  if (!data) return []
  const labels = data.concepts.map(({ id, value }) => ({ category_id: categories.get(id)!.number, value }))
  const others = [
    ...data.regions.filter((region) => !isInstance(input, region)).map((region) => ({ regions: [region] })),
    ...data.frames.map((frame) => ({ frames: [frame] })),
    ...data.timeSegments.map((segment) => ({ timeSegments: [segment] })),
    ...data.tracks.map((track) => ({ tracks: [track] })),
  ].map((part) => ({ data: plain(create(DataSchema, part)) }))
  return [...labels, ...others].map((item) => ({ input: number, ...item }))
}

/** Without the place of the concepts, which is another one where the export comes in. */
function plain(data: Data): unknown {
  const copy = clone(DataSchema, data)
  for (const { data: part } of walk(copy)) {
    for (const concept of part.concepts) Object.assign(concept, { appId: '', userId: '' })
  }
  return JSON.parse(encodeDoc(copy))
}
