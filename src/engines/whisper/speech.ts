/** Finds where somebody speaks in a recording, with Silero VAD. */
import { AUDIO_SAMPLE_RATE } from '../../media/limits.ts'
import { floatTensor, int64Tensor, type Model, type ModelSpec } from '../onnx.ts'

/** Samples that the network judges at a time, 32 ms. */
export const FRAME_SAMPLES = 512
/** Samples before a frame that the network sees along with it. */
const CONTEXT_SAMPLES = 64
const STATE_SIZE = 128
/** Frames judged between two looks at whether the work is still wanted. */
const FRAMES_PER_CHECK = 256

/** Certainty from which speech begins. */
const START_MIN = 0.5
/** Certainty down to which speech that has begun goes on. */
const GO_ON_MIN = 0.35
/** Quiet that ends speech, in frames (256 ms). */
const PAUSE_FRAMES = 8
/** Shortest sound that counts as speech, in frames (128 ms). */
const SPEECH_FRAMES_MIN = 4

/** What the Silero file must look like. */
export const SILERO_SPEC: ModelSpec = {
  title: 'Silero voice activity',
  inputs: {
    input: { type: 'float32', shape: [null, null] },
    state: { type: 'float32', shape: [2, null, STATE_SIZE] },
    sr: { type: 'int64', shape: [] },
  },
  outputs: {
    output: { type: 'float32', shape: [null, 1] },
    stateN: { type: 'float32', shape: [null, null, null] },
  },
}

/** Frames from `start` up to and without `end`. */
export interface FrameSpan {
  readonly start: number
  readonly end: number
}

/** The certainty of speech (0..1) for each frame of 16 kHz samples; a last, incomplete frame is filled with silence. */
export async function speechCertainty(model: Model, samples: Float32Array, signal: AbortSignal): Promise<Float32Array> {
  const certainty = new Float32Array(Math.ceil(samples.length / FRAME_SAMPLES))
  const sr = int64Tensor(BigInt64Array.of(BigInt(AUDIO_SAMPLE_RATE)), [])
  let state: Float32Array = new Float32Array(2 * STATE_SIZE)
  let context: Float32Array = new Float32Array(CONTEXT_SAMPLES)
  for (let frame = 0; frame < certainty.length; frame++) {
    if (frame % FRAMES_PER_CHECK === 0) signal.throwIfAborted()
    const input = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES)
    input.set(context)
    input.set(samples.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES), CONTEXT_SAMPLES)
    context = input.subarray(FRAME_SAMPLES)
    const { output, stateN } = await model.run({
      input: floatTensor(input, [1, input.length]),
      state: floatTensor(state, [2, 1, STATE_SIZE]),
      sr,
    })
    certainty[frame] = output!.data[0]!
    state = stateN!.data
  }
  return certainty
}

/** Where speech begins and ends: it begins only when certain, and ends only after a pause. */
export function speechSpans(certainty: ArrayLike<number>): FrameSpan[] {
  const spans: FrameSpan[] = []
  let start = -1
  let end = 0
  const close = (): void => {
    if (start >= 0 && end - start >= SPEECH_FRAMES_MIN) spans.push({ start, end })
    start = -1
  }
  for (let frame = 0; frame < certainty.length; frame++) {
    if (certainty[frame]! >= (start < 0 ? START_MIN : GO_ON_MIN)) {
      if (start < 0) start = frame
      end = frame + 1
    } else if (start >= 0 && frame - end >= PAUSE_FRAMES) {
      close()
    }
  }
  close()
  return spans
}

/**
 * Groups spans into utterances that fit the recogniser: spans with at most `pauseMax` frames between them are taken
 * together, and no utterance is longer than `lengthMax` frames; a longer span is cut where speech is least certain.
 */
export function utterances(
  spans: readonly FrameSpan[],
  certainty: ArrayLike<number>,
  { pauseMax, lengthMax }: { pauseMax: number; lengthMax: number },
): FrameSpan[] {
  const found: FrameSpan[] = []
  for (const span of spans.flatMap((each) => cut(each, certainty, lengthMax))) {
    const last = found.at(-1)
    const joins = last && span.start - last.end <= pauseMax && span.end - last.start <= lengthMax
    if (joins) found[found.length - 1] = { start: last.start, end: span.end }
    else found.push(span)
  }
  return found
}

function cut({ start, end }: FrameSpan, certainty: ArrayLike<number>, lengthMax: number): FrameSpan[] {
  const parts: FrameSpan[] = []
  let from = start
  while (end - from > lengthMax) {
    // Not before the middle, so that a long speech does not fall into crumbs.
    let at = from + Math.ceil(lengthMax / 2)
    for (let frame = at; frame < from + lengthMax; frame++) if (certainty[frame]! < certainty[at]!) at = frame
    parts.push({ start: from, end: at })
    from = at
  }
  return [...parts, { start: from, end }]
}
