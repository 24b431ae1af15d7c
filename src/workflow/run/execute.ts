import type { Data } from '../../contract/index.ts'
import type { LoadedEngine } from '../../engines/engine.ts'
import { createScope } from '../../engines/scope.ts'
import type { ImageHandle } from '../../media/image.ts'
import type { InputResult, Plan, RunOptions } from '../plan.ts'
import { answer } from './answer.ts'
import { prepare } from './prepared.ts'
import { Run } from './run.ts'
import { type Slot, slotOf } from './state.ts'
import { runVideo } from './video.ts'

/** One sampled frame of a video. */
export interface SampledFrame {
  readonly image: ImageHandle
  /** Middle of the slice that the frame stands for, in milliseconds from the start. */
  readonly timeMs: number
}

/** What the executor asks of the process it runs in. */
export interface EngineHost {
  /** The engine with these weights in memory; rejects with AppError when it cannot be had. Called when first needed. */
  load(engine: string, weights: readonly string[]): Promise<LoadedEngine>
  /** Frames of an encoded video, one for each `sampleMs` milliseconds; throws AppError when it cannot be decoded. */
  frames(video: Uint8Array, sampleMs: number, signal: AbortSignal): AsyncIterable<SampledFrame>
  /** Told about errors of engines that are answered to callers only as "prediction failed". */
  report?(engine: string, error: unknown): void
}

/**
 * Runs a compiled workflow on inputs, all of them together, layer by layer; one result per input, in order.
 *
 * Whatever goes wrong with one node or one input stays there: the node's result tells it, nodes that depend on it
 * are skipped, all else is answered. Throws only the reason of an aborted signal.
 */
export async function executePlan(
  plan: Plan,
  inputs: readonly Data[],
  host: EngineHost,
  options: RunOptions,
  signal: AbortSignal,
): Promise<InputResult[]> {
  const run = new Run(plan, host, signal)
  const { sharesPicture } = prepare(plan)
  const onText = plan.nodes.length === 1 && inputs.length === 1 ? options.onText : undefined
  const scope = () => ({ ...createScope(signal, undefined, sharesPicture), ...(onText ? { onText } : {}) })
  const slots: Slot[] = inputs.map((data) => slotOf(plan, data, scope(), options.memory))
  const isVideo = (slot: Slot): boolean => slot.input.video !== undefined && slot.input.image === undefined
  await run.runNodes(
    slots.filter((slot) => !isVideo(slot)),
    () => true,
  )
  // Videos one after the other: each fills memory with frames, and the batches of one are large enough.
  for (const slot of slots.filter(isVideo)) await runVideo(run, slot, options)
  return Promise.all(slots.map((slot) => answer(plan, slot)))
}
