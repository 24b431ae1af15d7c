import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { DataSchema, TimeSegmentSchema } from '../../contract/index.ts'
import { AUDIO_SAMPLE_RATE } from '../../media/limits.ts'
import { soundOf } from '../audio.ts'
import { conceptMaker, plainLabel } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, weightFile } from '../kit.ts'
import { OnnxModel } from '../onnx.ts'
import { shareModel } from '../shared-model.ts'
import { FRAME_SAMPLES, SILERO_SPEC, speechCertainty, speechSpans } from '../whisper/speech.ts'

const SILERO = 'silero-vad'
const SPEECH = plainLabel('speech')
const SILENCE = plainLabel('no speech')

/** Seconds at the beginning of a frame, to the hundredth. */
const seconds = (frame: number): number => Math.round((frame * FRAME_SAMPLES * 100) / AUDIO_SAMPLE_RATE) / 100

/**
 * Tells where somebody speaks: audio -> the concepts "speech" and "no speech" with the shares of the time that they
 * cover, and a time segment for each stretch of speech.
 */
export const speechShare: Engine = {
  name: 'speech-share',
  weights: [SILERO],
  async load(files): Promise<LoadedEngine> {
    const path = weightFile(files, SILERO, 'model')
    const model = await shareModel(path, () => OnnxModel.load(path, SILERO_SPEC))
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const { samples } = await soundOf(item)
          const certainty = await speechCertainty(model, samples, item.scope.signal)
          const spans = speechSpans(certainty)
          const spoken = spans.reduce((sum, { start, end }) => sum + end - start, 0)
          const share = certainty.length === 0 ? 0 : spoken / certainty.length
          const concepts = [concept(SPEECH, share), concept(SILENCE, 1 - share)]
          const timeSegments = spans.map(({ start, end }) =>
            create(TimeSegmentSchema, {
              id: newId(),
              timeInfo: { beginTime: seconds(start), endTime: seconds(end) },
              data: { concepts: [concept(SPEECH, 1)] },
            }),
          )
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value), timeSegments })
        })
      },
    }
  },
}
