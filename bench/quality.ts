import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from './kit/result.ts'
import { release } from './quality/ask.ts'
import { digitFigures } from './quality/digits.ts'
import { mediaFigures } from './quality/media.ts'
import { speakingFigures } from './quality/speaking.ts'
import { talkingFigures } from './quality/talking.ts'
import { textFigures } from './quality/texts.ts'
import { vocFigures } from './quality/voc.ts'

/** Folder with `voc/*.jpg` and their `voc/*.xml`; without it the figures that need photos with boxes are left out. */
const SAMPLES = process.env.LIMPID_SAMPLES

/**
 * How right the built-in models are, on labelled data at hand: npm packages with data, sentences of our own, and photos
 * with boxes where LIMPID_SAMPLES names a folder. The sets are small: read the figures as "sensible or not".
 */
export async function run(): Promise<Result[]> {
  try {
    return [
      ...(await photosWithBoxes()),
      ...(await digitFigures()),
      ...(await mediaFigures()),
      ...(await textFigures()),
      ...(await speakingFigures()),
      ...(await talkingFigures()),
    ]
  } finally {
    await release()
  }
}

async function photosWithBoxes(): Promise<Result[]> {
  const folder = SAMPLES && join(SAMPLES, 'voc')
  if (folder && (await stat(folder).catch(() => undefined))?.isDirectory()) return vocFigures(folder)
  console.error('photos with boxes: skipped; LIMPID_SAMPLES names no folder with voc/*.jpg and voc/*.xml')
  return []
}
