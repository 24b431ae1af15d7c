import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, type Data, DataSchema, type Region, RegionSchema } from '../../contract/index.ts'
import type { Engine, InferScope } from '../engine.ts'
import { createScope } from '../scope.ts'

/** A scope as workers make them. */
export const scope = (): InferScope => createScope(new AbortController().signal)

/** A concept with a value; its name is its id. */
export const concept = (id: string, value = 0): Concept => create(ConceptSchema, { id, name: id, value })

/** Data with a text. */
export const text = (raw: string): Data => create(DataSchema, { text: { raw } })

/** A region with a box (top, left, bottom, right as shares of the picture). */
export const region = (
  id: string,
  [topRow, leftCol, bottomRow, rightCol]: [number, number, number, number],
  data?: Data,
): Region =>
  create(RegionSchema, { id, value: 0.5, regionInfo: { boundingBox: { topRow, leftCol, bottomRow, rightCol } }, data })

/** Runs an operator on one item. */
export async function apply(
  engine: Engine,
  data: Data,
  setup: { params?: JsonObject; concepts?: Concept[] } = {},
  within: InferScope = scope(),
): Promise<Data> {
  const loaded = await engine.load({})
  const [answer] = await loaded.infer([{ data, scope: within }], { params: {}, concepts: [], ...setup })
  return answer!
}
