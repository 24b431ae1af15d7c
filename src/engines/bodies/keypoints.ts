import { create } from '@bufbuild/protobuf'
import { type KeypointInfo, KeypointInfoSchema } from '../../contract/index.ts'

/** The names of points and the lines between them, given as pairs of positions such as `0-1`. */
export function keypointInfo(names: readonly string[], lines: readonly string[]): KeypointInfo {
  const skeleton = lines.map((line) => {
    const [k1, k2] = line.split('-').map(Number)
    return { k1: k1!, k2: k2! }
  })
  return create(KeypointInfoSchema, { keypointNames: [...names], skeleton })
}
