import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema } from '../contract/index.ts'
import { headOf } from './embedding-classifier.ts'
import type { Engine, EngineItem, EngineSetup, LoadedEngine } from './engine.ts'
import { boxRegion, eachItem, pictureOf } from './kit.ts'
import { mobilenetV3Embed } from './mobilenet-v3/engine.ts'
import { detectionThreshold } from './params.ts'
import { dots, sigmoid } from './vectors.ts'
import { fuse, type ScoredWindow, WINDOWS } from './windows.ts'

/** Score from which a window counts when the model version sets no detection_threshold (or 0, the type's default). */
const DEFAULT_SCORE_MIN = 0.5
/** Most boxes answered for one picture. */
const BOXES_MAX = 100

/**
 * Finds things that a user has marked in examples: each of a fixed set of windows is embedded and scored by a linear
 * head, and windows that speak of one thing become one box: image -> regions with box, concept and value. Boxes are as
 * exact as the windows lie close, which is far less than those of networks that were trained to find boxes.
 */
export const windowDetector: Engine = {
  name: 'window-detector',
  weights: mobilenetV3Embed.weights,
  async load(files): Promise<LoadedEngine> {
    const embedder = await mobilenetV3Embed.load(files)
    return {
      bytes: embedder.bytes,
      dispose: () => embedder.dispose(),
      infer: (items, setup) =>
        eachItem(items, async (item) => {
          const windows = await scoredWindows(embedder, item, setup)
          const regions = fuse(windows, BOXES_MAX).map(({ label, score, ...box }) =>
            boxRegion(box, score, { concepts: [{ ...setup.concepts[label]!, value: score }] }),
          )
          return create(DataSchema, { regions })
        }),
    }
  },
}

async function scoredWindows(embedder: LoadedEngine, item: EngineItem, setup: EngineSetup): Promise<ScoredWindow[]> {
  const head = headOf(setup)
  const scoreMin = detectionThreshold(setup.params, DEFAULT_SCORE_MIN)
  const picture = await pictureOf(item)
  const crops = WINDOWS.map((window) => {
    const image = create(ImageSchema)
    item.scope.bindImage(image, picture.crop(window))
    return { ...item, data: create(DataSchema, { image }) }
  })
  const vectors = await embedder.infer(crops, setup)
  return vectors.flatMap(({ embeddings }, at) => {
    const sums = dots(head.rows, embeddings[0]!.vector)
    return sums.flatMap((sum, label) => {
      const score = sigmoid(sum + head.bias[label]!)
      return score >= scoreMin ? [{ ...WINDOWS[at]!, label, score }] : []
    })
  })
}
