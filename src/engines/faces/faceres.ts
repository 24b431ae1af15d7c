import type { ImageHandle } from '../../media/image.ts'
import type { InferScope } from '../engine.ts'
import { floatTensor, type Model, type ModelSpec } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { faceCrop } from './crop.ts'
import type { Face } from './find.ts'

const SIDE_PX = 224
const CROP_SCALE = 1.4
/** Length of face embeddings. */
export const FACE_EMBEDDING_SIZE = 1024
const AGES = 100

/** What the FaceRes file must look like. */
export const FACERES_SPEC: ModelSpec = {
  title: 'FaceRes face description',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: {
    embedding: { type: 'float32', shape: [1, FACE_EMBEDDING_SIZE] },
    gender: { type: 'float32', shape: [1, 1] },
    age: { type: 'float32', shape: [1, AGES] },
  },
}

/** What the network says about one face; `masculine` is 0..1, `ages` has a probability per year of life. */
export interface FaceDescription {
  readonly embedding: Float32Array
  readonly masculine: number
  readonly ages: Float32Array
}

/** Describes a face, once per picture and face however many nodes ask. */
export function describeFace(
  model: Model,
  handle: ImageHandle,
  face: Face,
  scope: InferScope,
): Promise<FaceDescription> {
  const key = `faceres ${face.left} ${face.top} ${face.right}`
  return memoOfImage(scope, handle, key, async () => {
    const rgb = await faceCrop(handle, face, CROP_SCALE, SIDE_PX)
    const input = floatTensor(toInterleaved(rgb, { scale: 1, offset: 0 }), [1, SIDE_PX, SIDE_PX, 3])
    const { embedding, gender, age } = await model.run({ input })
    return { embedding: embedding!.data, masculine: gender!.data[0]!, ages: age!.data }
  })
}
