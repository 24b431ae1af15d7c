import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Collector, CollectorSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { collectedBy, dropCollected } from '../../store/repos/collectors.ts'
import { collectors as rows } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import { itemStatus } from '../predict/answer.ts'
import { defineResource } from '../resource/define.ts'
import { checkCollector, type FoundSource, invalidCollector } from './check.ts'
import { readItem } from './item.ts'
import { COLLECTORS_PER_APP_MAX } from './limits.ts'

/** What checking has found of a message's source, until its columns are asked for. */
const found = new WeakMap<Collector, FoundSource>()

/** Collectors: inputs of other calls' predictions that become inputs of the app. */
export const collectors = defineResource({
  kind: 'collector',
  desc: CollectorSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.COLLECTOR_MISSING,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.CONN_INVALID_REQUEST,
  },
  checkId: (id) => checkId(id, 'collector', StatusCode.CONN_INVALID_REQUEST),
  serverFields: ['created_at'],
  patch: {
    actions: ['overwrite'],
    fields: [
      'description',
      'pre_queue_workflow_id',
      'pre_queue_random_sample',
      'post_queue_workflow_id',
      'collector_source',
      'collect_outputs',
      'status',
    ],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async validate(collector, call, reader) {
      found.set(collector, await checkCollector(collector, call))
      const { pk } = requireApp(call.target)
      if ((await rows.count(reader, { parent: pk })) >= COLLECTORS_PER_APP_MAX) {
        const known = await rows.get(reader, pk, collector.id)
        if (!known)
          throw invalidCollector(`The app has ${COLLECTORS_PER_APP_MAX} collectors already; delete one first.`)
      }
    },
    columns(collector) {
      const source = found.get(collector)!
      const status_code = collector.status?.code || StatusCode.COLLECTOR_ACTIVE
      return {
        status_code,
        status_details: '',
        model_pk: source.modelPk,
        version_pk: source.versionPk,
        caller_pk: source.callerPk,
      }
    },
    present(items) {
      for (const { row, message } of items) {
        message.status = itemStatus(row.status_code, row.status_details)
        message.createdAt = toTimestamp(row.created_at)
      }
    },
    afterCommit: (call) => call.services.collecting.forget(),
    async beforeRemove(removed, call, tx) {
      const appPk = requireApp(call.target).pk
      const all = removed === 'all' ? await rows.list(tx, { parent: appPk, orderBy: byPk, limit: 1_000 }) : removed
      const collected = await collectedBy(
        tx,
        all.map(({ pk }) => pk),
      )
      const mediaIds = collected.flatMap(({ doc }) => readItem(doc).files.map(({ mediumId }) => mediumId))
      await dropCollected(tx, collected, mediaIds, call.services.clock.now())
    },
  },
})

const byPk = { column: 'pk', direction: 'asc' } as const
