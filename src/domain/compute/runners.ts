import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { NodepoolSchema, type Runner, RunnerSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { placedNodepools, worksForVersions } from '../../store/repos/compute.ts'
import { runners as rows } from '../../store/repos/families.ts'
import type { Condition } from '../../store/repos/keyed.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireOwner } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { readPage } from '../resource/paging.ts'
import { findRow, present } from '../resource/verbs.ts'
import { LABEL_CHARS_MAX, LABELS_MAX } from './limits.ts'
import { findNodepool, showNodepool } from './nodepools.ts'
import { findWork, NO_WORK, type Work } from './worker.ts'

const INVALID = StatusCode.RUNNER_INVALID_ARGUMENT

/** What checking has found of a message, until its columns are asked for. */
const found = new WeakMap<Runner, { readonly work: Work; readonly nodepoolPk: number | null }>()

/**
 * Runners: processes elsewhere that connect and do the work of models. Those of newer clients are in a nodepool and
 * name a model; those of older ones belong to the user alone and have labels.
 */
export const runners = defineResource({
  kind: 'runner',
  desc: RunnerSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.RUNNER_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'runner', INVALID),
  makeId: () => newId(),
  serverFields: ['created_at', 'modified_at', 'user_id', 'special_handling', 'runner_metrics'],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: ['description', 'metadata', 'labels', 'worker', 'num_replicas', 'compute_info'],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async validate(runner, call) {
      checkTexts(runner, INVALID)
      checkLabels(runner.labels)
      const pool = runner.nodepool
      const nodepool = pool?.id ? await findNodepool(call, pool.computeCluster?.id ?? '', pool.id) : undefined
      found.set(runner, { work: await findWork(call, runner, INVALID), nodepoolPk: nodepool?.pk ?? null })
    },
    columns(runner) {
      const { work, nodepoolPk } = found.get(runner) ?? { work: NO_WORK, nodepoolPk: null }
      return {
        num_replicas: runner.numReplicas,
        nodepool_pk: nodepoolPk,
        model_pk: work.modelPk,
        version_pk: work.versionPk,
      }
    },
    async present(items, call) {
      const places = await placedNodepools(
        call.services.db.read,
        items.flatMap(({ row }) => row.nodepool_pk ?? []),
      )
      for (const { row, message } of items) {
        const place = row.nodepool_pk === null ? undefined : places.get(row.nodepool_pk)
        if (place) message.nodepool = showNodepool(place)
        message.userId = call.target.user?.id ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
  },
})

function checkLabels(labels: readonly string[]): void {
  if (labels.length <= LABELS_MAX && labels.every((label) => label !== '' && label.length <= LABEL_CHARS_MAX)) return
  throw new AppError(INVALID, `labels are at most ${LABELS_MAX} texts of 1 to ${LABEL_CHARS_MAX} characters each.`)
}

/** Where a request looks for runners. */
interface In {
  readonly computeClusterId: string
  readonly nodepoolId: string
}

/** The runner of a call, in the nodepool where the request names one; throws AppError 25600. */
export async function findRunner(call: Call, where: In, id: string): Promise<Row<'runners'>> {
  const row = await findRow(runners, call.services.db.read, requireOwner(call.target), id)
  if (where.nodepoolId === '') return row
  const nodepool = await findNodepool(call, where.computeClusterId, where.nodepoolId)
  if (row.nodepool_pk === nodepool.pk) return row
  throw new AppError(runners.codes.missing, `There is no runner '${id}' in the nodepool '${where.nodepoolId}'.`)
}

/** Puts new runners into the nodepool that the request names beside them. */
export async function placeRunners(call: Call, where: In, given: readonly Runner[]): Promise<void> {
  if (where.nodepoolId === '') return
  const { computeClusterId, nodepoolId: id } = where
  await findNodepool(call, computeClusterId, id)
  for (const runner of given) runner.nodepool = create(NodepoolSchema, { id, computeCluster: { id: computeClusterId } })
}

/** One page of runners: of a nodepool, or of the user. */
export async function listRunners(call: Call, request: RequestOf<'ListRunners'>): Promise<Runner[]> {
  const where: Condition<'runners'>[] = [(row) => row('num_replicas', '>=', request.minReplicas)]
  if (request.nodepoolId !== '') {
    const nodepool = await findNodepool(call, request.computeClusterId, request.nodepoolId)
    where.push((row) => row('nodepool_pk', '=', nodepool.pk))
  }
  const versions = request.modelVersionIds
  if (versions.length > 0) where.push(worksForVersions('runners', versions) as Condition<'runners'>)
  const page = await rows.list(call.services.db.read, {
    parent: requireOwner(call.target).pk,
    where: (row) => row.and(where.map((condition) => condition(row))),
    orderBy: { column: 'created_at', direction: 'desc' },
    ...readPage(request),
  })
  return present(runners, call, page)
}
