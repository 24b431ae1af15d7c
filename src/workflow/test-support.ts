import { create, type JsonObject } from '@bufbuild/protobuf'
import {
  type Concept,
  ConceptSchema,
  type Data,
  ImageSchema,
  TextSchema,
  type WorkflowNode,
  WorkflowNodeSchema,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { EngineItem, EngineSetup, LoadedEngine } from '../engines/engine.ts'
import { compile } from './compile/compile.ts'
import type { CompileOptions, ResolvedModel } from './compile/types.ts'
import { dataOf } from './data.ts'
import type { EngineHost, SampledFrame } from './run/execute.ts'

/** A model of a type under test; its engine is named after it unless said. */
export function model(modelTypeId: string, more: Partial<ResolvedModel> = {}): ResolvedModel {
  const modelId = more.modelId ?? modelTypeId
  return {
    modelId,
    versionId: 'v1',
    modelTypeId,
    userId: 'clarifai',
    appId: 'main',
    engine: modelId,
    weights: [],
    params: {},
    concepts: [],
    status: StatusCode.MODEL_TRAINED,
    ...more,
  }
}

/** A workflow node; its model id is its own id unless said. */
export function node(
  id: string,
  inputs: string[] = [],
  more: { model?: string; params?: JsonObject; suppress?: boolean } = {},
): WorkflowNode {
  return create(WorkflowNodeSchema, {
    id,
    model: { id: more.model ?? id },
    nodeInputs: inputs.map((nodeId) => ({ nodeId })),
    suppressOutput: more.suppress ?? false,
    outputInfoOverride: more.params ? { params: more.params } : undefined,
  })
}

/** Compiles nodes whose models are given by model id. */
export const compileWith = (nodes: WorkflowNode[], models: Record<string, ResolvedModel>, options?: CompileOptions) =>
  compile(nodes, ({ model: named }) => models[named!.id]!, options)

/** A concept with a value. */
export const concept = (id: string, value = 1): Concept => create(ConceptSchema, { id, name: id, value })

/** Data with one encoded picture, told apart by its bytes. */
export const imageData = (...bytes: number[]): Data =>
  dataOf({ image: create(ImageSchema, { base64: Uint8Array.from(bytes) }) })

/** Data with a text. */
export const textData = (raw: string): Data => dataOf({ text: create(TextSchema, { raw }) })

/** What a fake engine does with one item; it may throw. */
export type Answer = (item: EngineItem, setup: EngineSetup) => Data | Promise<Data>

/** A host of fake engines that counts what it is asked. */
export class FakeHost implements EngineHost {
  /** Sizes of the batches each engine was given, by engine. */
  readonly batches = new Map<string, number[]>()
  readonly loads: string[] = []
  readonly reported: unknown[] = []
  readonly #answers: Record<string, Answer>
  readonly #frames: readonly SampledFrame[]

  constructor(answers: Record<string, Answer>, frames: readonly SampledFrame[] = []) {
    this.#answers = answers
    this.#frames = frames
  }

  async load(engine: string): Promise<LoadedEngine> {
    this.loads.push(engine)
    const answer = this.#answers[engine]
    if (!answer) throw new Error(`no fake engine ${engine}`)
    return {
      bytes: 0,
      infer: async (items, setup) => {
        this.batches.set(engine, [...(this.batches.get(engine) ?? []), items.length])
        return Promise.all(items.map((item) => answer(item, setup)))
      },
      dispose: async () => {},
    }
  }

  async *frames(): AsyncGenerator<SampledFrame> {
    yield* this.#frames
  }

  report(_: string, error: unknown): void {
    this.reported.push(error)
  }

  /** How many items an engine was given in all. */
  items(engine: string): number {
    return (this.batches.get(engine) ?? []).reduce((sum, size) => sum + size, 0)
  }
}
