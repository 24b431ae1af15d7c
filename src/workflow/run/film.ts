import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, type Frame, FrameInfoSchema, FrameSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { materialise } from '../../engines/scope.ts'
import { dataOf } from '../data.ts'
import { isEmptyData } from '../fields.ts'
import { MAX_FRAME_PICTURE_BYTES, MAX_OUTPUT_PARTS, MAX_VIDEO_FRAMES } from '../limits.ts'
import { toAppError } from './batches.ts'
import { pictureBytes, withoutPictures } from './film-pictures.ts'
import { countParts } from './finish.ts'
import { failure, type Run } from './run.ts'
import type { NodeState, Slot } from './state.ts'

/** What one node has made of the frames so far. */
interface Reel {
  readonly frames: Frame[]
  failed?: NodeState
  worst?: NodeState
  elapsedMs: number
  /** It gave something, if only pictures that are not kept. */
  seen: boolean
}

/**
 * Collects what each node of a phase makes of the frames of one video. Decoded pictures are not collected: cut-out ones
 * are encoded where they are answered or needed later, the frames themselves are left out.
 */
export class Film {
  readonly #run: Run
  readonly #reels: ReadonlyMap<number, Reel>
  readonly #keepsPictures: (index: number) => boolean
  readonly #timesMs: number[] = []
  #parts: number
  #bytes = 0

  /** `parts` are those that earlier phases have made of the video. */
  constructor(run: Run, nodes: ReadonlySet<number>, keepsPictures: (index: number) => boolean, parts: number) {
    this.#run = run
    this.#reels = new Map([...nodes].map((index) => [index, { frames: [], elapsedMs: 0, seen: false }]))
    this.#keepsPictures = keepsPictures
    this.#parts = parts
  }

  /** Times of the frames so far, in milliseconds. */
  get timesMs(): readonly number[] {
    return this.#timesMs
  }

  /** Runs the nodes on the next frames; throws AppError when the video is too long or its results too many. */
  async add(slots: readonly Slot[], timesMs: readonly number[]): Promise<void> {
    if (this.#timesMs.length + slots.length > MAX_VIDEO_FRAMES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The video has more than ${MAX_VIDEO_FRAMES} frames to look at; raise sample_ms.`,
      )
    }
    await this.#run.runNodes(slots, (index) => this.#reels.has(index))
    for (const [place, slot] of slots.entries()) await this.#collect(slot, timesMs[place]!)
  }

  async #collect(slot: Slot, timeMs: number): Promise<void> {
    const frameInfo = create(FrameInfoSchema, { index: this.#timesMs.length, time: Math.round(timeMs) })
    for (const [index, reel] of this.#reels) {
      const state = slot.states[index]!
      const kept = await this.#keep(index, state, slot)
      reel.elapsedMs += state.elapsedMs
      reel.seen ||= !isEmptyData(state.data)
      if (kept.failed) reel.failed ??= kept
      if (kept.code !== StatusCode.SUCCESS) reel.worst = kept
      reel.frames.push(create(FrameSchema, { frameInfo, data: kept.data }))
      this.#parts += 1 + countParts(kept.data)
      this.#bytes += pictureBytes(kept.data)
    }
    this.#timesMs.push(timeMs)
    if (this.#parts > MAX_OUTPUT_PARTS) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The workflow makes more than ${MAX_OUTPUT_PARTS} concepts and regions of this video; raise sample_ms.`,
      )
    }
    if (this.#bytes > MAX_FRAME_PICTURE_BYTES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The workflow cuts more than ${MAX_FRAME_PICTURE_BYTES} bytes of pictures out of this video; raise sample_ms or suppress the output of the nodes that do.`,
      )
    }
  }

  /** The state without decoded pictures, which would keep their frames in memory. */
  async #keep(index: number, state: NodeState, slot: Slot): Promise<NodeState> {
    const own = slot.input.image
    const keepsOthers = this.#keepsPictures(index)
    const data = withoutInput(
      withoutPictures(state.data, (image) => !keepsOthers || image === own),
      slot.input,
    )
    try {
      return { ...state, data: await materialise(data) }
    } catch (error) {
      return failure(toAppError(error, (cause) => this.#run.host.report?.('video', cause)))
    }
  }

  /** Writes the states of the video itself: a node that failed on one frame has failed, as half a film misleads. */
  store(slot: Slot): void {
    for (const [index, { frames, failed, worst, elapsedMs, seen }] of this.#reels) {
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

/** Data without what every frame has of its video: filters pass it on, but nobody wants it answered with each frame. */
function withoutInput(data: Data, { video, metadata, geo }: Data): Data {
  const passed = (own: unknown, given: unknown): boolean => own !== undefined && own === given
  if (!passed(data.video, video) && !passed(data.metadata, metadata) && !passed(data.geo, geo)) return data
  return dataOf({
    ...data,
    video: data.video === video ? undefined : data.video,
    metadata: data.metadata === metadata ? undefined : data.metadata,
    geo: data.geo === geo ? undefined : data.geo,
  })
}

/** The state of a node in one frame, by its state in the whole video: its frame where it gave frames, else all of it. */
export function stateInFrame(state: NodeState, frame: number): NodeState {
  const { frames } = state.data
  if (state.failed || frames.length === 0) return { ...state, raw: undefined, elapsedMs: 0 }
  const data: Data = (frames[frame]?.frameInfo?.index === frame ? frames[frame] : undefined)?.data ?? dataOf()
  return { ...state, data, raw: undefined, elapsedMs: 0 }
}
