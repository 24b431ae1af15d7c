import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Frame, FrameInfoSchema, FrameSchema, ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { createScope } from '../../engines/scope.ts'
import { dataOf } from '../data.ts'
import { ANY_FIELD, isEmptyData, needsWholeVideo } from '../fields.ts'
import { FRAMES_PER_CHUNK, MAX_OUTPUT_PARTS, MAX_VIDEO_FRAMES } from '../limits.ts'
import type { Plan, RunOptions } from '../plan.ts'
import { toAppError } from './batches.ts'
import type { SampledFrame } from './execute.ts'
import { countParts } from './finish.ts'
import { failure, type Run } from './run.ts'
import { type NodeState, type Slot, slotOf } from './state.ts'

/**
 * Runs the plan on a video: nodes that work on pictures run on its frames, a chunk at a time, and their output is
 * the list of frames; the others then run on the video as a whole.
 */
export async function runVideo(run: Run, slot: Slot, options: RunOptions): Promise<void> {
  const perFrame = frameNodes(run)
  if (perFrame.size > 0) await runFrames(run, slot, perFrame, options)
  await run.runNodes([slot], (index) => !perFrame.has(index))
}

/** Nodes that can run on single frames: they begin with a picture and nothing in them needs the whole video. */
function frameNodes(run: Run): Set<number> {
  const found = new Set<number>()
  for (const [index, node] of run.plan.nodes.entries()) {
    const fields = run.fieldsOf(index)
    if (fields.some(needsWholeVideo)) continue
    const begins = fields.includes('image') || fields.includes(ANY_FIELD)
    if (node.inputs.length === 0 ? begins : node.inputs.every((input) => found.has(input))) found.add(index)
  }
  return found
}

async function runFrames(run: Run, slot: Slot, nodes: ReadonlySet<number>, options: RunOptions): Promise<void> {
  const film = new Film(run.plan, nodes)
  try {
    const frames = run.host.frames(slot.input.video!.base64, options.sampleMs, run.signal)
    let chunk: SampledFrame[] = []
    for await (const frame of frames) {
      chunk.push(frame)
      if (chunk.length < FRAMES_PER_CHUNK) continue
      await film.add(run, chunk)
      chunk = []
    }
    if (chunk.length > 0) await film.add(run, chunk)
    if (film.length === 0) throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The video has no frames.')
    film.store(slot)
  } catch (error) {
    run.signal.throwIfAborted()
    const state = failure(toAppError(error, (cause) => run.host.report?.('video', cause)))
    for (const index of nodes) slot.states[index] = state
  }
}

/** Collects what each node makes of the frames of one video. */
class Film {
  readonly #plan: Plan
  readonly #nodes: ReadonlySet<number>
  readonly #frames = new Map<number, Frame[]>()
  readonly #failures = new Map<number, NodeState>()
  readonly #worst = new Map<number, NodeState>()
  readonly #elapsedMs = new Map<number, number>()
  #parts = 0
  length = 0

  constructor(plan: Plan, nodes: ReadonlySet<number>) {
    this.#plan = plan
    this.#nodes = nodes
  }

  /** Runs the nodes on the next frames; throws AppError when the video is too long or its results too many. */
  async add(run: Run, chunk: readonly SampledFrame[]): Promise<void> {
    if (this.length + chunk.length > MAX_VIDEO_FRAMES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The video has more than ${MAX_VIDEO_FRAMES} frames to look at; raise sample_ms.`,
      )
    }
    const slots = chunk.map(({ image }) => {
      const scope = createScope(run.signal)
      const message = create(ImageSchema)
      scope.bindImage(message, image)
      return slotOf(this.#plan, dataOf({ image: message }), scope)
    })
    await run.runNodes(slots, (index) => this.#nodes.has(index))
    for (const [place, slot] of slots.entries()) this.#collect(slot, chunk[place]!.timeMs)
  }

  #collect(slot: Slot, timeMs: number): void {
    for (const index of this.#nodes) {
      const state = slot.states[index]!
      this.#elapsedMs.set(index, (this.#elapsedMs.get(index) ?? 0) + state.elapsedMs)
      if (state.failed && !this.#failures.has(index)) this.#failures.set(index, state)
      if (state.code !== StatusCode.SUCCESS) this.#worst.set(index, state)
      const frames = this.#frames.get(index) ?? []
      this.#frames.set(index, frames)
      const frameInfo = create(FrameInfoSchema, { index: this.length, time: Math.round(timeMs) })
      frames.push(create(FrameSchema, { frameInfo, data: state.data }))
      this.#parts += 1 + countParts(state.data)
    }
    if (this.#parts > MAX_OUTPUT_PARTS) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The workflow makes more than ${MAX_OUTPUT_PARTS} concepts and regions of this video; raise sample_ms.`,
      )
    }
    this.length++
  }

  /** Writes the states of the video itself: a node that failed on one frame has failed, as half a film misleads. */
  store(slot: Slot): void {
    for (const index of this.#nodes) {
      const elapsedMs = this.#elapsedMs.get(index) ?? 0
      const frames = this.#frames.get(index) ?? []
      const seen = frames.some((frame) => frame.data !== undefined && !isEmptyData(frame.data))
      const failed = this.#failures.get(index)
      const worst = this.#worst.get(index)
      slot.states[index] = failed
        ? { ...failed, elapsedMs }
        : {
            code: worst?.code ?? StatusCode.SUCCESS,
            details: worst?.details ?? '',
            data: dataOf({ frames: seen ? frames : [] }),
            elapsedMs,
          }
    }
    slot.parts = this.#parts
  }
}
