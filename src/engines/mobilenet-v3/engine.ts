import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, embeddingData, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { toPlanar } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { normalised } from '../vectors.ts'

const WEIGHT = 'mobilenet-v3-small'
const SIDE_PX = 224
/** Length of the vectors. */
export const IMAGE_EMBEDDING_SIZE = 576

/** What the MobileNetV3 file must look like. */
export const MOBILENET_V3_SPEC: ModelSpec = {
  title: 'MobileNetV3 image embedding',
  inputs: { input: { type: 'float32', shape: [1, 3, SIDE_PX, SIDE_PX] } },
  outputs: { embedding: { type: 'float32', shape: [1, IMAGE_EMBEDDING_SIZE] } },
}

/** Describes a picture by a vector of length 1 whose cosine to others says how alike they look: image -> embedding. */
export const mobilenetV3Embed: Engine = {
  name: 'mobilenet-v3-embed',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), MOBILENET_V3_SPEC)
    // The input of the last run, when no run has it: fresh ones would make most of the garbage of a prediction.
    let spare: Float32Array | undefined
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items) =>
        eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const vector = await memoOfImage(item.scope, handle, 'mobilenet-v3', async () => {
            const rgb = await handle.rgb(SIDE_PX, SIDE_PX)
            const planes = toPlanar(rgb, { scale: 1, offset: 0 }, spare)
            spare = undefined
            const { embedding } = await model.run({ input: floatTensor(planes, [1, 3, SIDE_PX, SIDE_PX]) })
            spare = planes
            return normalised(embedding!.data)
          })
          return embeddingData(vector)
        }),
    }
  },
}
