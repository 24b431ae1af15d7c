import { BATCH_ITEMS_MAX, PAGE_SIZE_MAX } from '../../base/limits.ts'
import type { Annotation, Data } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { type AnnotationListFilter, listAnnotationRows } from '../../store/repos/annotation-lists.ts'
import { inputs } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'
import { findAnnotation } from './find.ts'
import { presentAnnotations } from './present.ts'
import { invalidAnnotation } from './problem.ts'
import { walk } from './walk.ts'

type ListRequest = RequestOf<'ListAnnotations'>

/** One annotation with all that it has. */
export async function getAnnotation(call: Call, inputId: string, id: string): Promise<Annotation> {
  const { read } = call.services.db
  const row = await findAnnotation(read, requireApp(call.target).pk, inputId, id)
  return (await present(call, [row], true))[0]!
}

/**
 * One page of annotations: those that people made, unless the request asks for all or for certain workers. Those of
 * named inputs come in the order of their making, those of the whole app the newest first.
 */
export async function listAnnotations(call: Call, request: ListRequest): Promise<Annotation[]> {
  const app = requireApp(call.target)
  const { read } = call.services.db
  const filter = await filterOf(call, app.pk, request)
  const newestFirst = request.inputIds.length === 0
  const rows = await listAnnotationRows(read, app.pk, filter, { newestFirst, ...readPage(request) })
  return present(call, rows, request.returnModelOutput)
}

async function present(call: Call, rows: readonly Row<'annotations'>[], modelOutput: boolean): Promise<Annotation[]> {
  const app = requireApp(call.target)
  const place = { appPk: app.pk, appId: app.id, userId: app.user.id }
  const { read } = call.services.db
  if (modelOutput) return presentAnnotations(read, place, rows, { vectors: true })
  const [own, models] = [rows.filter(byUser), rows.filter((row) => !byUser(row))]
  const whole = await presentAnnotations(read, place, own, { vectors: true })
  const light = await presentAnnotations(read, place, models, { vectors: false })
  for (const { data } of light) if (data) withholdHeavy(data)
  return rows.map((row) => (byUser(row) ? whole : light).shift()!)
}

const byUser = (row: Row<'annotations'>): boolean => row.worker_kind === 'user'

/** Takes out of a model's answer what makes lists large: vectors, pictures of masks, heatmaps. */
function withholdHeavy(data: Data): void {
  for (const { data: part } of walk(data)) {
    part.embeddings = []
    part.heatmaps = []
    for (const { regionInfo } of part.regions) {
      if (regionInfo?.mask?.image) regionInfo.mask.image.base64 = new Uint8Array()
    }
  }
}

async function filterOf(call: Call, appPk: number, request: ListRequest): Promise<AnnotationListFilter> {
  const workers = workersOf(request)
  const statusCodes = request.statuses.map(({ code }) => code)
  return {
    ...(await whereOf(call, appPk, request)),
    ...(workers.length > 0 && { workers }),
    ...(statusCodes.length > 0 && { statusCodes }),
    trustedOnly: !request.listAllAnnotations && workers.length === 0,
    ...(request.taskId !== '' && { taskId: request.taskId }),
  }
}

function workersOf(request: ListRequest): NonNullable<AnnotationListFilter['workers']> {
  const { userIds, modelVersionIds, workflowVersionIds } = request
  for (const [field, ids] of Object.entries({ userIds, modelVersionIds, workflowVersionIds })) {
    if (ids.length > PAGE_SIZE_MAX)
      throw invalidAnnotation(`There are ${ids.length} ${field}; use at most ${PAGE_SIZE_MAX}.`)
  }
  return (
    [
      { kind: 'user', ids: userIds },
      { kind: 'model_version', ids: modelVersionIds },
      { kind: 'workflow_version', ids: workflowVersionIds },
    ] as const
  ).filter(({ ids }) => ids.length > 0)
}

async function whereOf(call: Call, appPk: number, { ids, inputIds }: ListRequest): Promise<AnnotationListFilter> {
  if (ids.length > 0 && ids.length !== inputIds.length) {
    throw invalidAnnotation(`There are ${ids.length} ids and ${inputIds.length} input_ids; send as many of both.`)
  }
  if (ids.length > BATCH_ITEMS_MAX || inputIds.length > PAGE_SIZE_MAX) {
    throw invalidAnnotation(
      `There are ${ids.length} ids and ${inputIds.length} input_ids; use at most ${BATCH_ITEMS_MAX} and ${PAGE_SIZE_MAX}.`,
    )
  }
  if (inputIds.length === 0) return {}
  const found = await inputs.getMany(call.services.db.read, appPk, inputIds)
  if (ids.length === 0) return { inputPks: [...found.values()].map(({ pk }) => pk) }
  const pairs = ids.flatMap((id, at) => {
    const input = found.get(inputIds[at]!)
    return input ? [{ inputPk: input.pk, id }] : []
  })
  return { pairs }
}
