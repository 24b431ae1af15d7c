import { mkdir } from 'node:fs/promises'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { silentLog } from '../../src/base/log.ts'
import { ConceptSchema, type Data, DataSchema, StatusCode } from '../../src/contract/index.ts'
import type { Engine, LoadedEngine, WeightFiles } from '../../src/engines/engine.ts'
import { createRegistry } from '../../src/engines/registry.ts'
import { EngineCache } from '../../src/runtime/worker/engine-cache.ts'
import { sampledFrames } from '../../src/runtime/worker/frames.ts'
import { isWeightId } from '../../src/weights/manifest.ts'
import { WeightStore } from '../../src/weights/store.ts'
import type { Plan, PlanNode } from '../../src/workflow/plan.ts'
import { type EngineHost, executePlan } from '../../src/workflow/run/execute.ts'
import { MODELS } from './limpid.ts'
import { type Head, heads } from './predict-case.ts'

const NEVER = new AbortController().signal
const CACHE_BYTES = 1e9

/** Runs plans in this process as a worker does, with real engines and weights. */
export class Engines {
  readonly cache: EngineCache
  #files: WeightFiles = {}

  /** `extra` are engines that only a benchmark has. */
  constructor(extra: readonly Engine[] = []) {
    this.cache = new EngineCache(createRegistry(extra), CACHE_BYTES)
  }

  /** Makes sure that weights are there, fetched first if need be. */
  async fetch(...ids: string[]): Promise<WeightFiles> {
    await mkdir(MODELS, { recursive: true })
    const store = new WeightStore({ dir: MODELS, log: silentLog, autoPull: true })
    for (const id of ids) {
      if (!isWeightId(id)) throw new Error(`there are no weights '${id}'`)
      this.#files = { ...this.#files, [id]: (await store.ensure(id)).files }
    }
    return this.#files
  }

  /** Runs a plan and hands back the data of its nodes; rejects when one of them failed. */
  async run(plan: Plan, input: Data, sampleMs = 1000): Promise<(Data | undefined)[]> {
    const lease = this.cache.lease()
    try {
      const host: EngineHost = {
        load: (engine, weights) => lease.engine(engine, this.#files, weights),
        frames: sampledFrames,
        report: (engine, error) => console.error(engine, error),
      }
      return await runOn(host, plan, input, sampleMs)
    } finally {
      await lease.release()
    }
  }
}

/** Runs a plan with the engines of a host and hands back the data of its nodes; rejects when one of them failed. */
export async function runOn(host: EngineHost, plan: Plan, input: Data, sampleMs = 1000): Promise<(Data | undefined)[]> {
  const [result] = await executePlan(plan, [input], host, { sampleMs }, NEVER)
  return result!.nodes.map((node) => {
    if (node && node.code !== StatusCode.SUCCESS) throw new Error(`a node failed: ${node.code} ${node.details}`)
    return node?.data
  })
}

/** A host whose engines are given by name. */
export function hostOf(engines: Readonly<Record<string, LoadedEngine['infer']>>): EngineHost {
  return {
    load: async (name) => ({ bytes: 0, infer: engines[name]!, dispose: async () => {} }),
    frames: sampledFrames,
  }
}

/** An input with the bytes of a picture. */
export const pictureInput = (base64: Uint8Array): Data => create(DataSchema, { image: { base64 } })

/** What makes a node of a plan; the rest is the same for all. */
type NodeParts = Pick<PlanNode, 'engine' | 'inputFields' | 'outputFields'> &
  Partial<Pick<PlanNode, 'inputs' | 'weights' | 'params' | 'concepts' | 'isModel'>>

/** A plan of nodes in an order in which each comes after its inputs. */
export function planOf(parts: readonly NodeParts[]): Plan {
  const nodes = parts.map(
    (own, at): PlanNode => ({
      id: `node-${at}`,
      inputs: [],
      weights: [],
      params: {},
      concepts: [],
      limits: { maxConcepts: 20, minValue: 0, selectConcepts: [] },
      isModel: true,
      suppressOutput: false,
      ...own,
    }),
  )
  const depths: number[] = []
  for (const { inputs } of nodes) depths.push(Math.max(0, ...inputs.map((input) => depths[input]! + 1)))
  const layers = Array.from({ length: Math.max(...depths) + 1 }, (_, depth) =>
    nodes.flatMap((_, at) => (depths[at] === depth ? [at] : [])),
  )
  return { hash: `bench ${Math.random()}`, nodes, layers }
}

/** The image embedding. */
export const EMBEDDER: NodeParts = {
  engine: 'mobilenet-v3-embed',
  weights: ['mobilenet-v3-small'],
  inputFields: ['image'],
  outputFields: ['embeddings'],
}

/** A linear head on the vectors of another node. */
export function headNode(place: number, embedder: number): NodeParts {
  const all = heads()
  const { weights, bias } = all[place % all.length]!
  return {
    engine: 'embedding-classifier',
    inputs: [embedder],
    params: paramsOf({ weights, bias }),
    concepts: bias.map((_, row) => create(ConceptSchema, { id: `concept-${place}-${row}` })),
    inputFields: ['embeddings'],
    outputFields: ['concepts'],
  }
}

const paramsOf = ({ weights, bias }: Head): JsonObject => ({ weights: weights.map((row) => [...row]), bias: [...bias] })
