/**
 * Engines that take media apart as far as any model may, without a model behind: they stand in for the ones that
 * answer colours and speech, so that damaged files go the whole way through the server and nothing hides their effect.
 */
import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../src/contract/index.ts'
import { soundOf } from '../../src/engines/audio.ts'
import { colors } from '../../src/engines/colors/engine.ts'
import type { Engine, LoadedEngine } from '../../src/engines/engine.ts'
import { eachItem, pictureOf } from '../../src/engines/kit.ts'
import type { ImageHandle } from '../../src/media/image.ts'

/** Reads a picture in every way that models do. */
async function takeApart(image: ImageHandle): Promise<void> {
  await image.rgb(32, 24)
  await image.rgb(17, 40, { fit: 'contain' })
  await image.rgb(20, 20, { fit: 'cover' })
  const part = image.crop({ top: 0.1, left: 0.2, bottom: 0.7, right: 0.9 })
  await part.rgb(8, 8)
  await image.squareCrop({ x0: -3, y0: 2, x1: image.width / 2, y1: image.height }, 1.2, 16)
  await part.encode('jpeg', { maxSide: 64 })
}

export const engines: readonly Engine[] = [
  {
    ...colors,
    load: async (files): Promise<LoadedEngine> => {
      const real = await colors.load(files)
      return {
        ...real,
        infer: async (items, setup) => {
          for (const item of items) await takeApart(await pictureOf(item))
          return real.infer(items, setup)
        },
      }
    },
  },
  {
    name: 'whisper',
    weights: [],
    load: async (): Promise<LoadedEngine> => ({
      bytes: 0,
      dispose: async () => {},
      infer: (items) =>
        eachItem(items, async (item) => {
          const { samples, durationSeconds } = await soundOf(item)
          const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
          return create(DataSchema, { text: { raw: `${durationSeconds} s, ${loudest}` } })
        }),
    }),
  },
]
