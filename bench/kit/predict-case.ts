import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import sharp from 'sharp'

const SIDE_PX = 512
const JPEG_QUALITY = 85
const PHOTOS = ['Bush-dog.jpg', 'Bloated-Hero.jpg', 'DSCN0614_small.jpg', 'dsc_09827.jpg']
/** Length of the vectors of the embedding that the heads work on. */
export const DIMENSIONS = 576
const HEADS = 10
const CONCEPTS = 10

/** A linear head: a row of weights and a bias for each concept. */
export interface Head {
  readonly weights: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

/** Real photos as JPEGs of 512 x 512 pixels. */
export async function photos(): Promise<Buffer[]> {
  const folder = join(dirname(findPackageJSON('exif-js', import.meta.url)!), 'example')
  return Promise.all(
    PHOTOS.map(async (name) =>
      sharp(await readFile(join(folder, name)))
        .rotate()
        .resize(SIDE_PX, SIDE_PX, { fit: 'cover' })
        .jpeg({ quality: JPEG_QUALITY })
        .toBuffer(),
    ),
  )
}

/** Heads with weights that look trained: small, of both signs, float32, the same in every run. */
export function heads(): Head[] {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.fround(state / 2 ** 32 - 0.5)
  }
  return Array.from({ length: HEADS }, () => ({
    weights: Array.from({ length: CONCEPTS }, () => Array.from({ length: DIMENSIONS }, next)),
    bias: Array.from({ length: CONCEPTS }, next),
  }))
}
