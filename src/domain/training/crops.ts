import { create } from '@bufbuild/protobuf'
import { DataSchema, type Input, RegionSchema, WorkflowNodeSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Compiled, compile, type ResolvedModel } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { weightFiles } from '../predict/run.ts'
import { toResolved } from '../predict/runnable.ts'
import type { Box } from './boxes.ts'

const CROP: ResolvedModel = {
  modelId: 'crop',
  versionId: '',
  modelTypeId: 'image-crop',
  userId: '',
  appId: '',
  engine: '',
  weights: [],
  params: { margin: 1 },
  concepts: [],
  status: StatusCode.MODEL_TRAINED,
}

/** The plan that cuts the regions of an input out and embeds each; the picture is decoded once for all. */
export function cropPlan(base: FoundModel): Promise<Compiled> {
  const nodes = [
    create(WorkflowNodeSchema, { id: 'crop', suppressOutput: true }),
    create(WorkflowNodeSchema, { id: 'embed', nodeInputs: [{ nodeId: 'crop' }] }),
  ]
  return compile(nodes, ({ id }) => (id === 'crop' ? CROP : toResolved(base)))
}

/** The vectors of boxes in a picture, in their order; undefined for a box that nothing can be cut out of. */
export async function runCrops(
  call: Call,
  { plan }: Compiled,
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
  const [result] = await call.services.runtime.run(
    plan,
    await weightFiles(call, plan),
    [given],
    { sampleMs: 1_000 },
    call.signal,
  )
  const found = new Map<string, Float32Array>()
  for (const node of result?.nodes ?? []) {
    for (const region of node?.data?.regions ?? []) {
      const vector = region.data?.embeddings[0]?.vector
      if (vector) found.set(region.id, Float32Array.from(vector))
    }
  }
  return boxes.map((_, at) => found.get(String(at)))
}
