import { create } from '@bufbuild/protobuf'
import { type Data, FrameSchema } from '../../contract/index.ts'
import { dataOf, mergeData } from '../data.ts'
import { isEmptyData, rootOf } from '../fields.ts'

/** Whether a node works on the frames of a video, all of them together. */
export const worksOnFrames = (fields: readonly string[]): boolean => fields.some((field) => rootOf(field) === 'frames')

/** What was made of a picture, as the only frame of a video, for nodes that work on frames. */
export function asFrame(data: Data): Data {
  if (isEmptyData(data) || data.frames.length > 0) return data
  return dataOf({ frames: [create(FrameSchema, { frameInfo: { index: 0, time: 0 }, data })] })
}

/** What was made of the only frame, as of the picture that it stands for. */
export function fromFrame(data: Data): Data {
  const [frame, second] = data.frames
  if (!frame?.data || second) return data
  const rest = dataOf({ ...data, frames: [] })
  return isEmptyData(rest) ? frame.data : mergeData([frame.data, rest])
}
