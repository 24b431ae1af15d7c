import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { createScope } from '../../engines/scope.ts'
import type { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../data.ts'
import { FRAMES_PER_CHUNK } from '../limits.ts'
import type { RunOptions } from '../plan.ts'
import { toAppError } from './batches.ts'
import { Film, stateInFrame } from './film.ts'
import { type Phase, phasesOf } from './phases.ts'
import { failure, type Run } from './run.ts'
import { type Slot, slotOf } from './state.ts'

/** A frame for nodes to run on; without a picture where none of them looks at it. */
interface Shot {
  readonly timeMs: number
  readonly image?: ImageHandle
}

type Shots = AsyncIterable<Shot> | Iterable<Shot>

/**
 * Runs the plan on a video, phase by phase: nodes that work on pictures run on its frames, a chunk at a time, and
 * their output is the list of frames; others run on the video as a whole. Only what was made of the frames is kept in
 * memory; a phase that looks at them once more decodes the video once more.
 */
export async function runVideo(run: Run, slot: Slot, options: RunOptions): Promise<void> {
  const phases = phasesOf(run.plan.nodes, (index) => run.fieldsOf(index))
  const done = new Set<number>()
  let timesMs: readonly number[] | undefined
  for (const [place, phase] of phases.entries()) {
    if (phase.perFrame) {
      const looksLater = phases.slice(place + 1).some((later) => later.perFrame && later.needsPictures)
      const keepsPictures = (index: number): boolean => looksLater || !run.plan.nodes[index]!.suppressOutput
      const film = new Film(run, phase.nodes, keepsPictures, slot.parts)
      const known = phase.needsPictures ? undefined : timesMs
      const shots = (): Shots =>
        known?.map((timeMs) => ({ timeMs })) ?? run.host.frames(slot.input.video!.base64, options.sampleMs, run.signal)
      await runFrames(run, slot, phase, film, shots, [...done])
      timesMs ??= film.timesMs
    } else {
      await run.runNodes([slot], (index) => phase.nodes.has(index))
    }
    for (const index of phase.nodes) done.add(index)
  }
}

async function runFrames(
  run: Run,
  slot: Slot,
  phase: Phase,
  film: Film,
  shots: () => Shots,
  done: readonly number[],
): Promise<void> {
  const add = async (chunk: readonly Shot[]): Promise<void> => {
    const slots = chunk.map((shot, place) => frameSlot(run, slot, shot, film.timesMs.length + place, done))
    await film.add(
      slots,
      chunk.map(({ timeMs }) => timeMs),
    )
  }
  try {
    let chunk: Shot[] = []
    for await (const shot of shots()) {
      chunk.push(shot)
      if (chunk.length < FRAMES_PER_CHUNK) continue
      await add(chunk)
      chunk = []
    }
    if (chunk.length > 0) await add(chunk)
    if (film.timesMs.length === 0) throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The video has no frames.')
    film.store(slot)
  } catch (error) {
    run.signal.throwIfAborted()
    const state = failure(toAppError(error, (cause) => run.host.report?.('video', cause)))
    for (const index of phase.nodes) slot.states[index] = state
  }
}

/** One frame as a slot of its own, in which the nodes of earlier phases have already run. */
function frameSlot(run: Run, video: Slot, { image }: Shot, frame: number, done: readonly number[]): Slot {
  const scope = createScope(run.signal)
  const message = image && create(ImageSchema)
  if (message) scope.bindImage(message, image)
  // What is known of the video holds for its frames; filters may ask for it.
  const { video: whole, metadata, geo } = video.input
  const slot = slotOf(run.plan, dataOf({ image: message, video: whole, metadata, geo }), scope)
  for (const index of done) slot.states[index] = stateInFrame(video.states[index]!, frame)
  return slot
}
