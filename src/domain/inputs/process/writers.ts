import type { JsonObject } from '@bufbuild/protobuf'
import { StatusCode } from '../../../contract/status-code.ts'
import type { AnnotationWorker } from '../../annotations/store.ts'
import type { Call } from '../../call.ts'

const STATUSES: readonly string[] = [
  'ANNOTATION_SUCCESS',
  'ANNOTATION_PENDING',
  'ANNOTATION_AWAITING_REVIEW',
  'ANNOTATION_AWAITING_CONSENSUS_REVIEW',
]

/** The status that an annotation writer gives, by name or number; success where it says none that there is. */
export function statusOfWriter({ annotation_status: status }: JsonObject): StatusCode {
  const name = typeof status === 'number' ? (StatusCode[status] ?? '') : String(status ?? '')
  return STATUSES.includes(name) ? StatusCode[name as keyof typeof StatusCode] : StatusCode.ANNOTATION_SUCCESS
}

/** On whose behalf an annotation writer writes: a user who works in the app, else the owner. */
export async function workerOfWriter(call: Call, { annotation_user_id: id }: JsonObject): Promise<AnnotationWorker> {
  const { directory } = call.services
  const { user: owner, app } = call.target
  const named = typeof id === 'string' && id !== '' ? await directory.user(id) : undefined
  const belongs = named && app && (named.pk === owner?.pk || (await directory.collaboration(app.pk, named.pk)))
  const user = belongs ? named : owner
  return { kind: 'user', id: user?.id ?? '', pk: user?.pk ?? null }
}
