import { create } from '@bufbuild/protobuf'
import { type Data, FrameSchema, RegionSchema } from '../../contract/index.ts'
import { dataOf } from '../data.ts'

const NO_BYTES = new Uint8Array(0)

/** The data without the bytes of pictures, videos and sounds, at any depth; what is given is not changed. */
export function withoutMediaBytes(data: Data): Data {
  return dataOf({
    ...data,
    image: data.image && { ...data.image, base64: NO_BYTES },
    video: data.video && { ...data.video, base64: NO_BYTES },
    audio: data.audio && { ...data.audio, base64: NO_BYTES },
    regions: data.regions.map((region) => create(RegionSchema, { ...region, data: inner(region.data) })),
    frames: data.frames.map((frame) => create(FrameSchema, { ...frame, data: inner(frame.data) })),
  })
}

const inner = (data: Data | undefined): Data | undefined => data && withoutMediaBytes(data)
