import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { DataSchema, ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle, type RawImage } from '../../media/image.ts'
import type { Engine, EngineItem, LoadedEngine } from '../engine.ts'
import { eachItem, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { FACTOR, parts, place, TILE_PX, tileAt } from './tiles.ts'

const WEIGHT = 'esrgan-slim-2x'
/** Pixels of the largest picture that is enlarged; more take too long, and hardly gain from it. */
export const ENLARGE_PIXELS_MAX = 1_048_576

/** What the file must look like. */
export const ESRGAN_SPEC: ModelSpec = {
  title: 'ESRGAN slim enlarging',
  inputs: { input: { type: 'float32', shape: [1, TILE_PX, TILE_PX, 3] } },
  outputs: { large: { type: 'float32', shape: [1, TILE_PX * FACTOR, TILE_PX * FACTOR, 3] } },
}

/** Enlarges a picture to twice its width and height: image -> image. */
export const esrganSlim: Engine = {
  name: 'esrgan-slim',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), ESRGAN_SPEC)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items) =>
        eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const { width, height } = handle
          if (width * height > ENLARGE_PIXELS_MAX) {
            throw new AppError(
              StatusCode.INPUT_UNSUPPORTED_FORMAT,
              `The picture has ${width} x ${height} pixels; only pictures of at most ${ENLARGE_PIXELS_MAX} pixels are enlarged.`,
            )
          }
          const large = await enlarged(model, await handle.pixels(), item)
          const image = create(ImageSchema)
          item.scope.bindImage(image, ImageHandle.fromRaw(large.data, large.width, large.height))
          return create(DataSchema, { image })
        }),
    }
  },
}

async function enlarged(model: Model, picture: RawImage, { scope }: EngineItem): Promise<RawImage> {
  const [width, height] = [picture.width * FACTOR, picture.height * FACTOR]
  const out = { data: new Uint8Array(width * height * 3), width, height }
  for (const { x, y } of parts(picture)) {
    scope.signal.throwIfAborted()
    const input = floatTensor(tileAt(picture, x, y), [1, TILE_PX, TILE_PX, 3])
    place((await model.run({ input })).large!.data, out, x, y)
  }
  return out
}
