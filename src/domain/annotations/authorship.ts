import { AppError } from '../../base/errors.ts'
import type { Annotation } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { findVersionPk } from '../../store/repos/annotation-workers.ts'
import type { Row, WorkerKind } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { workerOf } from '../inputs/caller.ts'
import { publicPlace } from '../models/find.ts'
import { invalidAnnotation } from './problem.ts'
import type { AnnotationWorker } from './store.ts'

const denied = (details: string): AppError => new AppError(StatusCode.ANNOTATION_PERMISSION_DENIED, details)

/** Whom a message names as the one who made it, by the worker or by the older fields; undefined for nobody. */
export function namedWorker(message: Annotation): { readonly kind: WorkerKind; readonly id: string } | undefined {
  const worker = message.worker?.worker
  const byWorker =
    worker?.case === 'user'
      ? ({ kind: 'user', id: worker.value.id } as const)
      : worker?.case === 'model'
        ? ({ kind: 'model_version', id: worker.value.modelVersion?.id ?? '' } as const)
        : worker?.case === 'workflow'
          ? ({ kind: 'workflow_version', id: worker.value.version?.id ?? '' } as const)
          : undefined
  if (byWorker && byWorker.id !== '') return byWorker
  if (message.userId !== '') return { kind: 'user', id: message.userId }
  if (message.modelVersionId !== '') return { kind: 'model_version', id: message.modelVersionId }
  return message.workflowVersionId === '' ? undefined : { kind: 'workflow_version', id: message.workflowVersionId }
}

/**
 * The worker of a new annotation: the caller, unless the message names another one, which only the owner of the app
 * may do. Throws AppError 24156 for others, 24155 for workers that do not exist.
 */
export async function authorOf(call: Call, message: Annotation): Promise<AnnotationWorker> {
  const caller = workerOf(call)
  const named = namedWorker(message)
  if (!named || (named.kind === 'user' && (named.id === caller.id || named.id === 'me'))) return caller
  if (call.target.rights !== 'owner') {
    throw denied('Only the owner of the app may post annotations of somebody else; leave the worker out.')
  }
  const pk = await workerPk(call, named)
  if (pk === undefined) {
    throw invalidAnnotation(`There is no ${named.kind.replace('_', ' ')} '${named.id}' that could have made this.`)
  }
  return { ...named, pk }
}

async function workerPk(call: Call, { kind, id }: { kind: WorkerKind; id: string }): Promise<number | undefined> {
  if (kind === 'user') return (await call.services.directory.user(id))?.pk
  const open = await publicPlace(call)
  const appPks = [requireApp(call.target).pk, ...(open ? [open.app.pk] : [])]
  return findVersionPk(call.services.db.read, kind, id, appPks)
}

/** Refuses to let a caller change what somebody else has said, unless he owns the app. */
export function demandAuthorship(call: Call, row: Pick<Row<'annotations'>, 'id' | 'worker_kind' | 'worker_id'>): void {
  if (mayChange(call, row)) return
  throw denied(
    `The annotation '${row.id}' was made by somebody else; only they and the owner of the app may change it.`,
  )
}

/** Whether a caller may change an annotation: it is his own, or everything in the app is. */
export const mayChange = (call: Call, row: Pick<Row<'annotations'>, 'worker_kind' | 'worker_id'>): boolean =>
  call.target.rights === 'owner' || (row.worker_kind === 'user' && row.worker_id === workerOf(call).id)
