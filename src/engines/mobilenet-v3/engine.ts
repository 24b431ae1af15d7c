import type { Engine, LoadedEngine } from '../engine.ts'
import { embeddingData, weightFile } from '../kit.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { PictureBatches } from '../picture-batches.ts'
import { toPlanar } from '../pixels.ts'
import { normalised } from '../vectors.ts'

const WEIGHT = 'mobilenet-v3-small'
const SIDE_PX = 224
/** Length of the vectors. */
export const IMAGE_EMBEDDING_SIZE = 576

/** What the MobileNetV3 file must look like. */
export const MOBILENET_V3_SPEC: ModelSpec = {
  title: 'MobileNetV3 image embedding',
  inputs: { input: { type: 'float32', shape: [null, 3, SIDE_PX, SIDE_PX] } },
  outputs: { embedding: { type: 'float32', shape: [null, IMAGE_EMBEDDING_SIZE] } },
}

/** Describes a picture by a vector of length 1 whose cosine to others says how alike they look: image -> embedding. */
export const mobilenetV3Embed: Engine = {
  name: 'mobilenet-v3-embed',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), MOBILENET_V3_SPEC)
    const batches = new PictureBatches({
      name: 'mobilenet-v3',
      sidePx: SIDE_PX,
      prepare: (rgb, into) => toPlanar(rgb, { scale: 1, offset: 0 }, into),
      async run(pixels, pictures) {
        const { embedding } = await model.run({ input: floatTensor(pixels, [pictures, 3, SIDE_PX, SIDE_PX]) })
        return Array.from({ length: pictures }, (_, at) =>
          normalised(embedding!.data.subarray(at * IMAGE_EMBEDDING_SIZE, (at + 1) * IMAGE_EMBEDDING_SIZE)),
        )
      },
    })
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: async (items) => (await batches.rows(items)).map(embeddingData),
    }
  },
}
