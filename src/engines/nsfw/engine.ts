import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import type { ImageHandle } from '../../media/image.ts'
import { conceptMaker, type Label, plainLabel } from '../concepts.ts'
import type { Engine, InferScope } from '../engine.ts'
import { eachItem, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { toPlanar } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { shareModel } from '../shared-model.ts'

const WEIGHT = 'nsfw-mobilenet-v2'
const SIDE_PX = 224

/** The classes of the network in the order of its answer. */
const CLASSES = ['drawing', 'hentai', 'neutral', 'porn', 'sexy'] as const
type ClassName = (typeof CLASSES)[number]

/** What the NSFWJS file must look like. */
export const NSFW_SPEC: ModelSpec = {
  title: 'NSFWJS image moderation',
  inputs: { input: { type: 'float32', shape: [1, 3, SIDE_PX, SIDE_PX] } },
  outputs: { probs: { type: 'float32', shape: [1, CLASSES.length] } },
}

function classProbabilities(model: Model, handle: ImageHandle, scope: InferScope): Promise<Float32Array> {
  return memoOfImage(scope, handle, 'nsfw', async () => {
    const rgb = await handle.rgb(SIDE_PX, SIDE_PX)
    const input = floatTensor(toPlanar(rgb, { scale: 1 / 255, offset: 0 }), [1, 3, SIDE_PX, SIDE_PX])
    return (await model.run({ input })).probs!.data
  })
}

interface Group {
  readonly label: Label
  readonly classes: readonly ClassName[]
}

/** Sums of class probabilities; 0..1 each, together 1, in the order of the groups. */
export function groupValues(probabilities: ArrayLike<number>, groups: readonly Group[]): number[] {
  return groups.map(({ classes }) =>
    Math.min(
      1,
      classes.reduce((sum, name) => sum + probabilities[CLASSES.indexOf(name)]!, 0),
    ),
  )
}

function moderator(name: string, groups: readonly Group[]): Engine {
  return {
    name,
    weights: [WEIGHT],
    async load(files) {
      const path = weightFile(files, WEIGHT, 'model')
      const model = await shareModel(path, () => OnnxModel.load(path, NSFW_SPEC))
      return {
        bytes: model.bytes,
        dispose: () => model.dispose(),
        infer(items, setup) {
          const concept = conceptMaker(setup)
          return eachItem(items, async (item) => {
            const values = groupValues(await classProbabilities(model, await pictureOf(item), item.scope), groups)
            const concepts = groups.map(({ label }, at) => concept(label, values[at]!))
            return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
          })
        },
      }
    },
  }
}

/** Tells pictures that are safe for work from those that are not (pornographic, drawn or photographed). */
export const nsfw = moderator('nsfw', [
  { label: plainLabel('sfw'), classes: ['neutral', 'drawing', 'sexy'] },
  { label: plainLabel('nsfw'), classes: ['porn', 'hentai'] },
])

/**
 * Sorts pictures into safe, suggestive and explicit. The network has never learnt what drugs or gore look like, so
 * these two concepts of the original are not answered at all rather than with made-up zeros.
 */
export const nsfwModeration = moderator('nsfw-moderation', [
  { label: plainLabel('safe'), classes: ['neutral', 'drawing'] },
  { label: plainLabel('suggestive'), classes: ['sexy'] },
  { label: plainLabel('explicit'), classes: ['porn', 'hentai'] },
])
