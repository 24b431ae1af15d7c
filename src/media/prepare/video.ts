import { damaged, type OpenMedia, openMedia } from '../av-input.ts'
import type { RawImage } from '../bmp.ts'
import type { EncodedSource } from '../encoded-source.ts'
import { MAX_VIDEO_MS, THUMBNAIL_MS } from '../limits.ts'
import { fromRaw, insideOf } from '../pixel-source.ts'
import { probeOf, tooLong } from '../video.ts'
import { KeptFrame, timesOf } from '../video-frame.ts'
import type { Prepared } from './prepared.ts'
import { DerivedSizes, PICTURE_SIZES } from './sizes.ts'

/** Facts of a video, and its thumbnail in full and in the hosted sizes of pictures. */
export async function prepareVideo(source: EncodedSource, contentType: string): Promise<Prepared> {
  const media = await openMedia(source, 'video')
  try {
    const { width, height, fps, durationSeconds, frameCount, bitRate, format } = probeOf(media)
    if (durationSeconds * 1_000 > MAX_VIDEO_MS) throw tooLong(MAX_VIDEO_MS)
    const picture = await thumbnailOf(media)
    const derived = new DerivedSizes()
    await derived.addRaw('thumbnail', picture)
    const { width: largeWidth, height: largeHeight } = insideOf(picture, PICTURE_SIZES[0]![1])
    const large = fromRaw(picture).resize(largeWidth, largeHeight, { fit: 'fill', kernel: 'linear' })
    await derived.addSizes(PICTURE_SIZES, picture, large)
    return {
      facts: { kind: 'video', width, height, fps, videoFormat: format, bitRate, frameCount, durationSeconds },
      contentType,
      sizes: derived.sizes,
      derived: derived.bytes,
    }
  } finally {
    await media.close()
  }
}

/** The frame that is shown at THUMBNAIL_MS; of shorter videos the first one. */
async function thumbnailOf(media: OpenMedia): Promise<RawImage> {
  const isShort = media.durationSeconds > 0 && media.durationSeconds * 1_000 <= THUMBNAIL_MS
  const kept = new KeptFrame(media, Number.POSITIVE_INFINITY)
  try {
    for await (const frame of media.frames()) {
      const { startMs, endMs } = timesOf(media, frame, kept.endMs)
      if (kept.isFilled && startMs > THUMBNAIL_MS) break
      kept.fill(frame, startMs, endMs)
      if (isShort || endMs > THUMBNAIL_MS) break
    }
    if (!kept.isFilled) throw damaged('video')
    const image = await kept.image()
    return await image.pixels()
  } finally {
    kept.close()
  }
}
