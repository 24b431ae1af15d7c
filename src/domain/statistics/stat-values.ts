import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { fromTimestamp, toTimestamp } from '../../base/timestamps.ts'
import {
  StatTimeAggType,
  type StatValue,
  type StatValueAggregate,
  type StatValueAggregateQuery,
  type StatValueAggregateResult,
  StatValueAggregateResultSchema,
  StatValueAggregateSchema,
  StatValueAggType,
  StatValueSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { addStatValues, type StatSum, type StatTag, sumStatValues } from '../../store/repos/statistics.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { GROUPS_MAX, QUERIES_MAX, SUMS_MAX, TAG_CHARS_MAX, TAGS_MAX, VALUES_MAX } from './limits.ts'
import { startOf } from './time-spans.ts'

const invalid = (details: string): AppError => new AppError(StatusCode.STATS_INVALID_REQUEST, details)

/** Keeps values with their tags; those without a time get that of now. */
export async function postStatValues(call: Call, values: readonly StatValue[]): Promise<StatValue[]> {
  if (values.length === 0 || values.length > VALUES_MAX) {
    throw invalid(`The request has ${values.length} values; send 1 to ${VALUES_MAX}.`)
  }
  const app = requireApp(call.target)
  const now = call.services.clock.now()
  const kept = values.map(({ time, value, tags }) => {
    if (!Number.isFinite(value)) throw invalid('A value is not a finite number.')
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw invalid(`A value is ${value}; send none beyond 2^53.`)
    return { time: time ? fromTimestamp(time) : now, value, tags: readTags(tags) }
  })
  await call.services.db.transact((tx) => addStatValues(tx, app.pk, kept))
  return values.map((value, at) => create(StatValueSchema, { ...value, time: toTimestamp(kept[at]!.time) }))
}

function readTags(tags: readonly string[]): StatTag[] {
  if (tags.length > TAGS_MAX) throw invalid(`A value or query has ${tags.length} tags; use at most ${TAGS_MAX}.`)
  const read = new Map(
    tags.map((text) => {
      const [group, tag, ...more] = text.split(':')
      if (!group || !tag || more.length > 0 || text.length > TAG_CHARS_MAX) {
        throw invalid(`The tag '${text.slice(0, TAG_CHARS_MAX)}' is not like 'group:tag' with one colon; change it.`)
      }
      return [text, { group, tag }]
    }),
  )
  return [...read.values()]
}

/** Adds values up: a result for each query. */
export async function aggregate(
  call: Call,
  queries: readonly StatValueAggregateQuery[],
): Promise<StatValueAggregateResult[]> {
  if (queries.length === 0 || queries.length > QUERIES_MAX) {
    throw invalid(`The request has ${queries.length} queries; send 1 to ${QUERIES_MAX}.`)
  }
  const results: StatValueAggregateResult[] = []
  for (const query of queries) {
    const statValueAggregates = await answer(call, query)
    results.push(create(StatValueAggregateResultSchema, { statValueAggregates, statValueAggregateQuery: query }))
  }
  return results
}

async function answer(call: Call, query: StatValueAggregateQuery): Promise<StatValueAggregate[]> {
  const { tagGroups, startTime, endTime, statTimeAggType, statValueAggType } = query
  if (tagGroups.length > GROUPS_MAX || tagGroups.some((group) => group === '' || group.includes(':'))) {
    throw invalid(`tag_groups must be at most ${GROUPS_MAX} names without a colon.`)
  }
  const byTime = statTimeAggType !== StatTimeAggType.NO_TIME_AGG
  const sums = await sumStatValues(
    call.services.db.read,
    {
      appPk: requireApp(call.target).pk,
      tags: readTags(query.tags),
      groups: tagGroups,
      from: startTime && fromTimestamp(startTime),
      to: endTime && fromTimestamp(endTime),
    },
    byTime,
    SUMS_MAX + 1,
  )
  if (sums.length > SUMS_MAX) throw invalid('The query has too many minutes and tags; narrow it by time or tags.')
  return [...spans(sums, statTimeAggType).values()].map(({ time, sum, count, tags }) =>
    create(StatValueAggregateSchema, {
      time: time === undefined ? undefined : toTimestamp(time),
      aggregateValue: statValueAggType === StatValueAggType.AVG ? sum / count : sum,
      count: BigInt(count),
      tags: tags.map((tag, at) => `${tagGroups[at]}:${tag}`),
    }),
  )
}

/** Sums of minutes put together into the wanted spans of time. */
function spans(sums: readonly StatSum[], type: StatTimeAggType): Map<string, StatSum> {
  const found = new Map<string, StatSum>()
  for (const { time, sum, count, tags } of sums) {
    const start = time === undefined ? undefined : startOf(time, type)
    const key = JSON.stringify([start, tags])
    const before = found.get(key)
    found.set(key, { time: start, sum: sum + (before?.sum ?? 0), count: count + (before?.count ?? 0), tags })
  }
  return found
}
