import { clone } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Annotation, AnnotationSchema, type Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { itemStatus } from '../predict/answer.ts'

/** One annotation of a call that does several, each for itself. */
export interface Refusable {
  /** As it was sent. */
  readonly given: Annotation
  /** Why nothing is done with it. */
  refusal?: AppError | undefined
}

/** What such a call answers: every item with its own status, and one for all unless all is well. */
export interface Answer {
  readonly annotations: Annotation[]
  readonly status?: Status
}

/** Runs a check of an item; what it refuses is kept as the item's refusal. Does nothing with a refused one. */
export function refuseItem(item: Refusable, check: () => void): void
export function refuseItem(item: Refusable, check: () => Promise<void>): Promise<void>
export function refuseItem(item: Refusable, check: () => void | Promise<void>): void | Promise<void> {
  if (item.refusal) return
  const keep = (error: unknown): void => {
    if (!(error instanceof AppError)) throw error
    item.refusal = error
  }
  try {
    return check()?.catch(keep)
  } catch (error) {
    keep(error)
  }
}

/** The answer of a call: of refused items what was sent, of the others in their order what is stored. */
export function answerItems(items: readonly Refusable[], stored: readonly Annotation[]): Answer {
  const rest = stored.values()
  const annotations = items.map(({ given, refusal }) => {
    if (!refusal) return rest.next().value!
    const told = clone(AnnotationSchema, given)
    told.status = itemStatus(refusal.code, refusal.details)
    return told
  })
  const refused = items.flatMap(({ refusal }) => refusal ?? [])
  const [first] = refused
  if (!first) return { annotations }
  const code = refused.length === items.length ? StatusCode.FAILURE : StatusCode.MIXED_STATUS
  return { annotations, status: itemStatus(code, first.details) }
}
