import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { PHOTO } from './photo.ts'

/** A photo of people on a platform, from the tests of the gRPC client. */
const PLATFORM = readFileSync(
  join(dirname(findPackageJSON('clarifai-nodejs-grpc', import.meta.url)!), 'tests', 'assets', 'metro-north.jpg'),
)

/** Two real photos, each cut into pieces that show parts of the same thing. */
export const PHOTOS = { dog: PHOTO, platform: PLATFORM } as const

/** A photo with a piece of another one pasted over half of its height and width, in one of four places, and where that is. */
export async function pasted(at: number) {
  const side = 320
  const [piece] = await cropsOf(PHOTOS.dog, at + 1).then((pieces) => pieces.slice(-1))
  const [left, top] = [(at % 2) * (side / 2), Math.floor((at % 4) / 2) * (side / 2)]
  const size = side / 2
  const bytes = await sharp(PLATFORM)
    .resize(side, side, { fit: 'fill' })
    .composite([{ input: await sharp(piece).resize(size, size).toBuffer(), left, top }])
    .jpeg()
    .toBuffer()
  const box = {
    top_row: top / side,
    left_col: left / side,
    bottom_row: (top + size) / side,
    right_col: (left + size) / side,
  }
  return { bytes, box }
}

/** Pieces of a photo, each of three fifths of its width and height, from as many places as `count`. */
export async function cropsOf(photo: Uint8Array, count: number): Promise<Buffer[]> {
  const { width, height } = await sharp(photo).metadata()
  const size = { width: Math.floor(width * 0.6), height: Math.floor(height * 0.6) }
  return Promise.all(
    Array.from({ length: count }, (_, at) => {
      const left = Math.floor(((width - size.width) * (at % 4)) / 3)
      const top = Math.floor(((height - size.height) * (Math.floor(at / 4) % 3)) / 2)
      return sharp(photo)
        .extract({ left, top, ...size })
        .resize(224, 224)
        .jpeg()
        .toBuffer()
    }),
  )
}
