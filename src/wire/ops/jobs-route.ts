import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Services } from '../../domain/services.ts'
import { carryOut, JOB_ACTIONS, JOB_STATUSES, JOBS_PATH, type JobOrder } from '../../jobs/orders.ts'
import type { ExtraHandler } from '../http/extra-routes.ts'
import { type Json, jsonRoute } from '../session/json-route.ts'

/** The queue for whoever has the token, which lies in the data folder for those who may read it. */
export function jobsRoute(services: Services, token: string): [string, ExtraHandler] {
  const handler = jsonRoute('POST', async ({ header, body }) => {
    if (!same(header('authorization') ?? '', `Bearer ${token}`)) {
      throw new AppError(StatusCode.CONN_KEY_INVALID, "Use the token of this server's control.json.")
    }
    const jobs = await carryOut(services.jobs, services.db.read, orderOf(await body()))
    return { jobs }
  })
  return [JOBS_PATH, handler]
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

function orderOf({ action, id, kind, status, limit }: Json): JobOrder {
  const known = JOB_ACTIONS.find((name) => name === action)
  if (!known) throw new AppError(StatusCode.CONN_INVALID_REQUEST, `The action is one of ${JOB_ACTIONS.join(', ')}.`)
  return {
    action: known,
    id: typeof id === 'string' ? id : undefined,
    kind: typeof kind === 'string' ? kind : undefined,
    status: JOB_STATUSES.find((name) => name === status),
    limit: Number.isInteger(limit) ? Number(limit) : undefined,
  }
}
