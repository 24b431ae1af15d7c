import { create } from '@bufbuild/protobuf'
import { newId } from '../base/ids.ts'
import { type Region, RegionSchema } from '../contract/index.ts'
import type { EncodedMask } from '../media/mask.ts'
import type { ConceptMaker, Label } from './concepts.ts'

/** The region of a part of a picture with its mask and the share that it covers as value; none for an empty part. */
export function maskRegion(label: Label, mask: EncodedMask, concept: ConceptMaker): Region[] {
  if (mask.share === 0) return []
  const { png, width, height, share } = mask
  const image = { base64: png, imageInfo: { width, height, format: 'PNG', colorMode: 'L' } }
  return [
    create(RegionSchema, {
      id: newId(),
      value: share,
      regionInfo: { mask: { image } },
      data: { concepts: [concept(label, share)] },
    }),
  ]
}
