import { create } from '@bufbuild/protobuf'
import {
  ModelSchema,
  ModelVersionSchema,
  UserSchema,
  type Worker,
  WorkerSchema,
  WorkflowSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import {
  distinctWorkers,
  type VersionHome,
  versionHomes,
  type WorkerRow,
} from '../../store/repos/annotation-workers.ts'
import { users } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'

/** One page of those who annotated in the app; their names only where the request wants them. */
export async function listWorkers(call: Call, request: RequestOf<'ListAnnotationWorkers'>): Promise<Worker[]> {
  const { read } = call.services.db
  const rows = await distinctWorkers(read, requireApp(call.target).pk, request.trustedOnly, readPage(request))
  const named = request.additionalFields.some((field) => field === 'names' || field === 'all')
  const pksOf = (kind: WorkerRow['worker_kind']): number[] =>
    rows.flatMap(({ worker_kind, worker_pk }) => (worker_kind === kind && worker_pk !== null ? [worker_pk] : []))
  const people = named ? await users.getManyByPk(read, pksOf('user')) : new Map<number, Row<'users'>>()
  const models = await versionHomes(read, 'model_version', pksOf('model_version'))
  const workflows = await versionHomes(read, 'workflow_version', pksOf('workflow_version'))
  return rows.map(({ worker_kind, worker_id, worker_pk }) => {
    const pk = worker_pk ?? 0
    if (worker_kind === 'user') return person(worker_id, people.get(pk))
    if (worker_kind === 'model_version') return model(worker_id, models.get(pk), named)
    return workflow(worker_id, workflows.get(pk), named)
  })
}

function person(id: string, row: Row<'users'> | undefined): Worker {
  const { firstName, lastName } = row ? decodeDoc(UserSchema, row.doc) : create(UserSchema)
  const value = create(UserSchema, { id, firstName, lastName })
  return create(WorkerSchema, { worker: { case: 'user', value } })
}

const placed = (home: VersionHome | undefined, named: boolean) =>
  home ? { id: home.id, appId: home.appId, userId: home.userId, name: named ? home.name : '' } : {}

function model(versionId: string, home: VersionHome | undefined, named: boolean): Worker {
  const modelVersion = create(ModelVersionSchema, { id: versionId })
  const value = create(ModelSchema, { ...placed(home, named), modelVersion })
  return create(WorkerSchema, { worker: { case: 'model', value } })
}

function workflow(versionId: string, home: VersionHome | undefined, named: boolean): Worker {
  const version = create(WorkflowVersionSchema, { id: versionId })
  const value = create(WorkflowSchema, { ...placed(home, named), version })
  return create(WorkerSchema, { worker: { case: 'workflow', value } })
}
