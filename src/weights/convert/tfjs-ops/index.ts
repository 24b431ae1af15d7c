/** All TensorFlow operators that can be translated, by name. */
import { elementwiseOps } from './elementwise.ts'
import type { OpHandler } from './handler.ts'
import { matrixOps } from './matrix.ts'
import { reduceOps } from './reduce.ts'
import { shapeOps } from './shape.ts'

export const tfjsOps: ReadonlyMap<string, OpHandler> = new Map(
  Object.entries({ ...elementwiseOps, ...matrixOps, ...reduceOps, ...shapeOps }),
)
