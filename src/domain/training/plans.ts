import { type Compiled, compileSingle } from '../../workflow/compile/index.ts'
import type { FoundModel } from '../models/resolve.ts'
import { toResolved } from '../predict/runnable.ts'

/** The plan that runs an embedder alone. */
export const embedderPlan = (base: FoundModel): Compiled => compileSingle(toResolved(base))
