import { AppError } from '../../base/errors.ts'
import { type AppDuplication, AppDuplicationSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { appDuplications, apps } from '../../store/repos/families.ts'
import { defineJob } from '../jobs/define.ts'
import type { DuplicationArgs } from './args.ts'
import { DUPLICATIONS_AT_ONCE } from './limits.ts'
import { copiedVersions } from './names.ts'
import { type CopyScope, type Place, STAGES } from './stages.ts'

interface State {
  /** Name of the stage that goes on. */
  readonly stage: string
  readonly after?: Place
}

/**
 * Copies what an app holds into another one, stage by stage and part by part. Each part, how far the job is and what the
 * duplication says of its progress are one commit, so a killed server goes on without losing or doubling a row.
 */
export const duplicateAppJob = defineJob<DuplicationArgs, State>({
  kind: 'duplicate-app',
  concurrency: DUPLICATIONS_AT_ONCE,
  async run({ args, services, signal, checkpoint, ...ctx }) {
    const { db, clock } = services
    let { state, done } = ctx
    const row = await appDuplications.getByPk(db.read, args.pk)
    if (!row) return
    const filter = decodeDoc(AppDuplicationSchema, row.doc).filter!
    const names = [...STAGES.keys()]
    // A stage of which nobody knows, as of another version of the server: what was copied already is left as it is.
    const from = Math.max(0, names.indexOf(state?.stage ?? ''))
    for (const name of names.slice(from)) {
      const stage = STAGES.get(name)!
      if (!stage.wanted(filter)) continue
      if (state?.stage !== name) state = { stage: name }
      const scope: CopyScope = {
        args,
        filter,
        services,
        versions: await copiedVersions(db.read, args, filter.copyModels),
        now: clock.now(),
      }
      for (let more = true; more; ) {
        signal.throwIfAborted()
        await refuseGone(db.read, args)
        const rows: unknown[] = await stage.next(db.read, scope, state.after)
        const last = rows.at(-1)
        more = last !== undefined
        const next: State = last ? { stage: name, after: stage.placeOf?.(last) ?? placeInTime(last as Timed) } : state
        try {
          await checkpoint(async (tx) => {
            const copied = last ? await stage.copy(tx, scope, rows) : 0
            await note(
              tx,
              args,
              StatusCode.APP_DUPLICATION_IN_PROGRESS,
              '',
              stage.field && { field: stage.field, copied },
              clock.now(),
            )
            return { state: next, done: done + rows.length }
          })
        } catch (error) {
          // An app that was deleted since the look above is the reason for whatever failed then.
          await refuseGone(db.read, args)
          throw error
        }
        state = next
        done += rows.length
      }
    }
  },
  async settled(tx, { args, status, error }, { clock }) {
    const details = status === 'cancelled' ? 'The duplication was cancelled.' : (error?.details ?? '')
    const code = status === 'succeeded' ? StatusCode.APP_DUPLICATION_SUCCESS : StatusCode.APP_DUPLICATION_FAILED
    await note(tx, args, code, details, undefined, clock.now())
  },
})

interface Timed {
  readonly created_at: number
  readonly pk: number
}

const placeInTime = ({ created_at, pk }: Timed): Place => ({ value: created_at, pk })

/** Refuses to go on where one of the apps has been deleted. */
async function refuseGone(db: Reader, { source, destination }: DuplicationArgs): Promise<void> {
  for (const [name, { appPk, userPk }] of Object.entries({ source, destination })) {
    const app = await apps.getByPk(db, appPk)
    if (app?.user_pk === userPk) continue
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The ${name} app was deleted before all of it was copied.`)
  }
}

/** Writes how far a duplication is. */
async function note(
  tx: Writer,
  args: DuplicationArgs,
  code: StatusCode,
  details: string,
  part: { readonly field: string; readonly copied: number } | undefined,
  now: number,
): Promise<void> {
  const row = await appDuplications.getByPk(tx, args.pk)
  if (!row) return
  const message = decodeDoc(AppDuplicationSchema, row.doc)
  if (part) count(message, part)
  await appDuplications.update(tx, row, { status_code: code, status_details: details, doc: encodeDoc(message) }, now)
}

function count(message: AppDuplication, { field, copied }: { readonly field: string; readonly copied: number }): void {
  for (const entry of message.progress) if (entry.field === field) entry.value += copied
}
