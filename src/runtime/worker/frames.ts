import type { EngineHost } from '../../workflow/run/execute.ts'

/** Frames of a video for the executor; the decoder is loaded with the first video. */
export const sampledFrames: EngineHost['frames'] = async function* (video, sampleMs, signal) {
  const { videoFrames } = await import('../../media/video.ts')
  yield* videoFrames(video, { sampleMs, signal })
}
