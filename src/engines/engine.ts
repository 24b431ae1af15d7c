import type { JsonObject } from '@bufbuild/protobuf'
import type { Concept, Data, Image } from '../contract/index.ts'
import type { ImageHandle } from '../media/image.ts'

/** Paths of the files of each weight id, by file name, as the weight store gives them. */
export type WeightFiles = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What engines share while one input is being worked on, so that decoding and resizing happen once per input. */
export interface InferScope {
  readonly signal: AbortSignal
  /**
   * The image of an Image message: bound before, or opened from its bytes on first use. Rejects with AppError when
   * the message has neither, or when its bytes are no image.
   */
  imageOf(image: Image): Promise<ImageHandle>
  /** Makes an Image message without bytes stand for a decoded image (a crop); it is encoded only if it is answered. */
  bindImage(image: Image, handle: ImageHandle): void
  /** Computes a value once per input and key. */
  memo<T>(key: string, compute: () => Promise<T>): Promise<T>
  /** Takes pieces of the text that is answered while it is being written; only where the caller wants them. */
  readonly onText?: (piece: string) => void
}

/** What an engine remembers of a stream that goes on from call to call. */
export interface EngineMemory {
  /** As the engine wrote it in the call before; undefined in the first. */
  text: string | undefined
}

/** One piece of work: data that holds the fields the engine asked for, and nothing that it must not see. */
export interface EngineItem {
  readonly data: Data
  readonly scope: InferScope
  /** Only where the call is part of a stream. */
  readonly memory?: EngineMemory
}

/** How a node is set up: the parts of PlanNode that engines may depend on. */
export interface EngineSetup {
  readonly params: JsonObject
  readonly concepts: readonly Concept[]
}

/** An engine with its weights in memory. */
export interface LoadedEngine {
  /** Approximate memory in bytes, for the cache that unloads the least recently used. */
  readonly bytes: number
  /** Answers one Data per item, in order; throws AppError for an item set that cannot be answered at all. */
  infer(items: readonly EngineItem[], setup: EngineSetup): Promise<Data[]>
  /**
   * The same for several setups at once, one list of answers for each; engines have it where that costs less than one
   * after the other. When it throws, each setup is tried by itself.
   */
  inferMany?(items: readonly EngineItem[], setups: readonly EngineSetup[]): Promise<Data[][]>
  dispose(): Promise<void>
}

/** A kind of computation: a network with its pre- and post-processing, or an operator without weights. */
export interface Engine {
  readonly name: string
  readonly weights: readonly string[]
  /** Refuses a setup that no item could be answered with, without loading anything. Rejects with AppError 21202. */
  check?(setup: EngineSetup): Promise<void>
  load(files: WeightFiles): Promise<LoadedEngine>
}
