import { Scope } from '../../contract/methods.ts'
import { demandScope } from '../access/demand.ts'
import { requireApp } from '../access/target.ts'
import type { LabelPlace } from '../annotations/concepts.ts'
import type { AnnotationWorker } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { publicPlace } from '../models/find.ts'
import type { InputPlace } from './present.ts'

/** The app of a call as a place where concepts are labelled. */
export async function labelPlace(call: Call): Promise<LabelPlace> {
  const app = requireApp(call.target)
  const open = await publicPlace(call)
  return {
    appPk: app.pk,
    appId: app.id,
    userId: app.user.id,
    publicAppPk: open?.app.pk,
    mayAddConcepts: () => demandScope(call.target, Scope.Concepts_Add),
  }
}

/** Whoever calls, as the worker of what he labels. */
export function workerOf({ principal, target }: Call): AnnotationWorker {
  const user = principal.user ?? target.user
  return { kind: 'user', id: user?.id ?? '', pk: user?.pk ?? null }
}

/** The app of a call as a place whose inputs are shown. */
export function inputPlace(call: Call): InputPlace {
  const app = requireApp(call.target)
  return { appPk: app.pk, appId: app.id, userId: app.user.id, origin: call.services.origin }
}
