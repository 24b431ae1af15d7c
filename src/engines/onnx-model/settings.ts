import type { JsonObject } from '@bufbuild/protobuf'
import { choiceParam, countParam, numberParam, numbersParam } from '../params.ts'
import { SIDE_MAX } from './limits.ts'

/** What the uploader says about pictures and answers beyond the names of tensors; all of it may be left out. */
export interface UploadSettings {
  readonly fit: 'fill' | 'contain' | 'cover'
  readonly bgr: boolean
  /** Sides for a model that takes any size, in pixels; 0 leaves the picture as it is. */
  readonly width: number
  readonly height: number
  /** A pixel value (0..255) is multiplied by this first. */
  readonly scale: number
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  readonly activation: 'none' | 'softmax' | 'sigmoid'
  readonly boxFormat: 'yxyx' | 'xyxy' | 'cxcywh'
  readonly boxUnits: 'relative' | 'pixels'
}

const FITS = { stretch: 'fill', letterbox: 'contain', crop: 'cover' } as const

/**
 * Reads the settings of an upload: `image_resize`, `image_channels`, `image_width`, `image_height`, `image_scale`,
 * `image_mean`, `image_std` from the input parameters, `activation`, `box_format`, `box_units` from those of the
 * output. Throws AppError 21202 with the name of the wrong one.
 */
export function readUploadSettings(input: JsonObject, output: JsonObject): UploadSettings {
  const side = { otherwise: 0, min: 0, max: SIDE_MAX }
  const resize = choiceParam(input, 'image_resize', ['stretch', 'letterbox', 'crop'], 'stretch')
  return {
    fit: FITS[resize],
    bgr: choiceParam(input, 'image_channels', ['RGB', 'BGR'], 'RGB') === 'BGR',
    width: countParam(input, 'image_width', side),
    height: countParam(input, 'image_height', side),
    scale: numberParam(input, 'image_scale', { otherwise: 1 / 255, min: -1e6, max: 1e6 }),
    mean: perChannel(input, 'image_mean', 0, -1e6),
    std: perChannel(input, 'image_std', 1, 1e-6),
    activation: choiceParam(output, 'activation', ['none', 'softmax', 'sigmoid'], 'none'),
    boxFormat: choiceParam(output, 'box_format', ['yxyx', 'xyxy', 'cxcywh'], 'yxyx'),
    boxUnits: choiceParam(output, 'box_units', ['relative', 'pixels'], 'relative'),
  }
}

/** One number for all channels or one for each. */
function perChannel(params: JsonObject, name: string, otherwise: number, min: number): [number, number, number] {
  const list = numbersParam(params, name, { otherwise: [otherwise], min, max: 1e6, most: 3 })
  const [first, second = first, third = second] = list
  return [first!, second!, third!]
}
