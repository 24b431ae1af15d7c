import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type TrendingMetric, TrendingMetricSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { models, workflows } from '../../store/repos/families.ts'
import { addView, mostViewed } from '../../store/repos/statistics.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'

const KINDS = { models, workflows }

/** Counts that somebody has looked at an app, a model or a workflow. */
export async function postView(call: Call, kind: string, objectId: string): Promise<void> {
  checkKind(kind)
  const app = requireApp(call.target)
  const { db } = call.services
  const family = Object.hasOwn(KINDS, kind) ? KINDS[kind as keyof typeof KINDS] : undefined
  const found = await family?.get(db.read, app.pk, objectId)
  const exists = family ? found !== undefined && found.visibility >= visibleFrom(call.target) : objectId === app.id
  if (!exists) {
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is nothing named '${objectId}' among the ${kind} there.`)
  }
  await db.transact((tx) => addView(tx, kind, app.pk, objectId))
}

/** What was looked at most: in the app of the call, without one in all public apps. */
export async function listViews(call: Call, kind: string, window: PageWindow): Promise<TrendingMetric[]> {
  checkKind(kind)
  const minVisibility = call.target.app ? visibleFrom(call.target) : Visible.PUBLIC
  const at = { appPk: call.target.app?.pk, publicFrom: Visible.PUBLIC, minVisibility }
  const found = await mostViewed(call.services.db.read, kind, at, window)
  return found.map(({ views, ...names }) => create(TrendingMetricSchema, { ...names, viewCount: BigInt(views) }))
}

function checkKind(kind: string): void {
  if (kind === 'apps' || Object.hasOwn(KINDS, kind)) return
  throw new AppError(
    StatusCode.CONN_INVALID_REQUEST,
    `Views of '${kind}' are not counted; use apps, models or workflows.`,
  )
}
