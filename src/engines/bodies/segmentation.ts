import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { splitMask } from '../../media/mask.ts'
import { conceptMaker, plainLabel } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, pictureOf, weightFile } from '../kit.ts'
import { maskRegion } from '../mask-region.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { sigmoid } from '../vectors.ts'

const WEIGHT = 'selfie-segmentation'
const SIDE_PX = 256

/** What the selfie segmentation file must look like. */
export const SELFIE_SPEC: ModelSpec = {
  title: 'selfie segmentation',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: { person: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 1] } },
}

/**
 * Parts people from what is behind them: image -> a region "person" and a region "background", each with a mask (PNG,
 * white where it is) and the share of the picture that it covers as value. A part that covers nothing is left out.
 */
export const selfieSegmentation: Engine = {
  name: 'selfie-segmentation',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), SELFIE_SPEC)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const rgb = await handle.rgb(SIDE_PX, SIDE_PX)
          const pixels = toInterleaved(rgb, { scale: 1 / 255, offset: 0 })
          const { person } = await model.run({ input: floatTensor(pixels, [1, SIDE_PX, SIDE_PX, 3]) })
          const soft = { values: person!.data.map(sigmoid), width: SIDE_PX, height: SIDE_PX }
          const { inside, outside } = await splitMask(soft, handle)
          const regions = [
            ...maskRegion(plainLabel('person'), inside, concept),
            ...maskRegion(plainLabel('background'), outside, concept),
          ]
          return create(DataSchema, { regions: regions.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
