import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { splitMask } from '../../media/mask.ts'
import { conceptMaker, plainLabel } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, pictureOf } from '../kit.ts'
import { maskRegion } from '../mask-region.ts'
import { floatTensor } from '../onnx.ts'
import { sigmoid } from '../vectors.ts'
import { OpenModel } from './open-model.ts'
import { IMAGENET_PIXELS, planar } from './picture-input.ts'

const WEIGHT = 'birefnet-lite'
const SIDE_PX = 1024

/** Parts the main thing of a picture from what is behind it: image -> regions "subject" and "background" with masks. */
export const birefnetLite: Engine = {
  name: 'birefnet-lite',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OpenModel.load(files, WEIGHT, 'model')
    const output = model.outputs[0]!
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const input = floatTensor(planar(await handle.rgb(SIDE_PX, SIDE_PX), IMAGENET_PIXELS), [
            1,
            3,
            SIDE_PX,
            SIDE_PX,
          ])
          const answers = await model.run(Object.fromEntries(model.inputs.map((name) => [name, input])), [output])
          const { data, dims } = answers[output]!
          const [height, width] = dims.slice(-2) as [number, number]
          const { inside, outside } = await splitMask({ values: data.map(sigmoid), width, height }, handle)
          const regions = [
            ...maskRegion(plainLabel('subject'), inside, concept),
            ...maskRegion(plainLabel('background'), outside, concept),
          ]
          return create(DataSchema, { regions: regions.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
