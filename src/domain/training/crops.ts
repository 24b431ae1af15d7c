import { create } from '@bufbuild/protobuf'
import { DataSchema, type Input, RegionSchema } from '../../contract/index.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import type { Plan, PlanNode } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { weightFiles } from '../predict/run.ts'
import type { Box } from './boxes.ts'
import { embedderPlan } from './plans.ts'

const { inputFields, outputFields } = typeEntry('image-crop')!.type

const CROP: PlanNode = {
  id: '~crop',
  inputs: [],
  engine: 'image-crop',
  weights: [],
  params: { margin: 1 },
  concepts: [],
  limits: { maxConcepts: 0, minValue: 0, selectConcepts: [] },
  inputFields,
  outputFields,
  isModel: false,
  suppressOutput: true,
}

/**
 * The plan that cuts the regions of an input out and embeds each; the picture is decoded once for all. It is put together
 * here, as the compiler knows no workflow whose input has regions already.
 */
export function cropPlan(base: FoundModel): Plan {
  const { plan } = embedderPlan(base)
  const nodes = plan.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.length === 0 ? [0] : node.inputs.map((at) => at + 1),
  }))
  const layers = plan.layers.map((layer) => layer.map((at) => at + 1))
  return { hash: `${plan.hash} on crops`, nodes: [CROP, ...nodes], layers: [[0], ...layers] }
}

/** The vectors of boxes in a picture, in their order; undefined for a box that nothing can be cut out of. */
export async function runCrops(
  call: Call,
  plan: Plan,
  { data }: Input,
  boxes: readonly Box[],
): Promise<(Float32Array | undefined)[]> {
  const regions = boxes.map(({ top, left, bottom, right }, at) =>
    create(RegionSchema, {
      id: String(at),
      regionInfo: { boundingBox: { topRow: top, leftCol: left, bottomRow: bottom, rightCol: right } },
    }),
  )
  const given = create(DataSchema, { image: data?.image, regions })
  const files = await weightFiles(call, plan)
  const [result] = await call.services.runtime.run(plan, files, [given], { sampleMs: 1_000 }, call.signal)
  const found = new Map<string, Float32Array>()
  for (const node of result?.nodes ?? []) {
    for (const region of node?.data?.regions ?? []) {
      const vector = region.data?.embeddings[0]?.vector
      if (vector) found.set(region.id, Float32Array.from(vector))
    }
  }
  return boxes.map((_, at) => found.get(String(at)))
}
