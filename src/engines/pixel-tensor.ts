import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../contract/index.ts'
import { MAX_TARGET_SIDE } from '../media/limits.ts'
import type { Engine, EngineSetup, LoadedEngine } from './engine.ts'
import { eachItem, pictureOf } from './kit.ts'
import { countParam } from './params.ts'
import { toInterleaved, toPlanar } from './pixels.ts'

/** How pixels are laid out: `width` and `height` 0 keep those of the picture, reduced to `longestSide`. */
export interface PixelLayout {
  readonly width: number
  readonly height: number
  readonly longestSide: number
  /** Rows, columns, channels as in a picture; or the channels one after the other. */
  readonly planar: boolean
  /** 0..1 as float32 rather than 0..255 as uint8. */
  readonly float: boolean
}

/** The pixels of a picture as an array: image -> ndarray. No model of its own, but the beginning of many elsewhere. */
export const pixelTensor: Engine = {
  name: 'pixel-tensor',
  weights: [],
  load: async (): Promise<LoadedEngine> => ({
    bytes: 0,
    dispose: async () => {},
    infer: (items, setup) => {
      const layout = layoutOf(setup)
      return eachItem(items, async (item) => {
        const picture = await pictureOf(item)
        const shrink = Math.min(1, layout.longestSide / Math.max(picture.width, picture.height))
        const width = layout.width || Math.max(1, Math.round(picture.width * shrink))
        const height = layout.height || Math.max(1, Math.round(picture.height * shrink))
        return arrayOf(await picture.rgb(width, height), width, height, layout)
      })
    },
  }),
}

function layoutOf({ params }: EngineSetup): PixelLayout {
  const side = (name: string, otherwise: number): number =>
    countParam(params, name, { otherwise, min: 0, max: MAX_TARGET_SIDE })
  return {
    width: side('width', 0),
    height: side('height', 0),
    longestSide: side('longestSide', MAX_TARGET_SIDE) || MAX_TARGET_SIDE,
    planar: params.planar === true,
    float: params.float === true,
  }
}

const SCALE = { scale: 1 / 255, offset: 0 }

function arrayOf(rgb: Uint8Array, width: number, height: number, { planar, float }: PixelLayout): Data {
  const values = planar
    ? toPlanar(rgb, float ? SCALE : { scale: 1, offset: 0 })
    : float
      ? toInterleaved(rgb, SCALE)
      : rgb
  const buffer = float || values instanceof Uint8Array ? bytesOf(values) : Uint8Array.from(values)
  const shape = planar ? [3, height, width] : [height, width, 3]
  return create(DataSchema, { ndarray: { buffer, shape, dtype: float ? 'float32' : 'uint8' } })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
