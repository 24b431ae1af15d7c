import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { encodeMessage } from '../../src/contract/binary/index.ts'
import { decodeJson, encodeJson } from '../../src/contract/json/index.ts'
import { RandomMessages } from '../../src/contract/json/random-messages.ts'
import { methodInfo, type RpcName } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Schema } from '../../src/store/schema/tables.ts'
import { makeApp, succeeded } from '../kit/apps.ts'
import { FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'
import { Accidents } from './accidents.ts'
import { type Json, REQUESTS, search, spoil, text } from './data-plane-requests.ts'
import { FACTOR, SEED } from './settings.ts'

/** Calls of one engine in the usual run. */
const CALLS = 200
/** Tables that calls which fail as a whole must not have changed. */
const WATCHED = [
  ...(['inputs', 'annotations', 'annotation_concepts', 'annotation_geos', 'embeddings', 'texts', 'media'] as const),
  ...(['concepts', 'concept_languages', 'concept_relations', 'knowledge_graphs', 'searches'] as const),
  ...(['datasets', 'dataset_inputs', 'dataset_versions', 'annotation_filters', 'annotation_tracks'] as const),
  ...(['stat_values', 'blobs', 'inputs_add_jobs'] as const),
] satisfies readonly (keyof Schema)[]

/** Rows of each watched table. */
async function countRows({ services }: TestServer): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of WATCHED) {
    const { rows } = await services.db.read
      .selectFrom(table as 'inputs')
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow()
    counts[table] = Number(rows)
  }
  return counts
}

async function fill(server: TestServer): Promise<{ readonly userId: string; readonly appId: string }> {
  const { userAppId } = await makeApp(server, 'fuzz')
  const post = async (name: RpcName, json: object) =>
    succeeded(await server.call(name, decodeJson(methodInfo(name).input, json) as never))
  const at = { user_app_id: { user_id: userAppId.userId, app_id: userAppId.appId } }
  await post('PostConcepts', { ...at, concepts: [{ id: 'cat' }, { id: 'dog' }] })
  await post('PostKnowledgeGraphs', { ...at, knowledge_graphs: [{ id: 'graph' }] })
  await post('PostAnnotationFilters', { ...at, annotation_filters: [{ id: 'filter', search }] })
  await post('PostDatasets', { ...at, datasets: [{ id: 'set' }] })
  await post('PostInputs', { ...at, inputs: [text('one'), text('two')] })
  await server.services.jobs.idle()
  await post('PostAnnotations', {
    ...at,
    annotations: [{ id: 'ann', input_id: 'one', data: { concepts: [{ id: 'cat' }] } }],
  })
  await post('PostDatasetVersions', { ...at, dataset_id: 'set', dataset_versions: [{ id: 'version' }] })
  await server.services.jobs.idle()
  return userAppId
}

/** What was counted by every write is what is there. */
async function checkCounts(server: TestServer, userAppId: object): Promise<void> {
  const { counts } = succeeded(await server.call('GetInputCount', { userAppId }))
  const { db } = server.services
  const rows = await db.read
    .selectFrom('inputs')
    .select(({ fn }) => ['status_code', fn.countAll<number>().as('rows')])
    .where('status_code', '>=', 0)
    .groupBy('status_code')
    .execute()
  const countOf = (code: number): number => Number(rows.find(({ status_code }) => status_code === code)?.rows ?? 0)
  assert.deepEqual(
    [counts?.processed, counts?.toProcess, counts?.errors],
    [countOf(StatusCode.INPUT_SUCCESS), countOf(StatusCode.INPUT_PENDING), countOf(StatusCode.INPUT_FAILED)],
  )
  // Every input has exactly one annotation of its own.
  const own = await db.read
    .selectFrom('annotations')
    .select(({ fn }) => ['input_pk', fn.countAll<number>().as('rows')])
    .where('input_level', '=', 1)
    .groupBy('input_pk')
    .execute()
  const all = await db.read.selectFrom('inputs').select('pk').execute()
  assert.deepEqual([own.length, own.every(({ rows: found }) => Number(found) === 1)], [all.length, true])
}

async function tryAll(t: TestContext, databaseUrl: string | undefined): Promise<void> {
  const accidents = new Accidents()
  const runtime = new FakeRuntime()
  await using server = await startTestServer({
    overrides: runtime.services,
    settings: databaseUrl === undefined ? {} : { databaseUrl },
    log: accidents.log,
  })
  const userAppId = await fill(server)
  const codes = new Map<string, number>()
  for (let at = 0; at < CALLS * FACTOR; at++) {
    const random = new RandomMessages(SEED + at * 7_919)
    const [name, template] = REQUESTS[at % REQUESTS.length]!
    let json = JSON.parse(JSON.stringify(template).replaceAll('#', String(at))) as Json
    for (let times = random.next() < 0.7 ? 1 : 2; times > 0; times--) json = spoil(json, random)
    accidents.current = `${name} (seed ${SEED}, number ${at}) ${JSON.stringify(json).slice(0, 600)}`
    const { input, output } = methodInfo(name)
    let request: ReturnType<typeof decodeJson>
    try {
      request = decodeJson(input, {
        ...(json as object),
        user_app_id: { user_id: userAppId.userId, app_id: userAppId.appId },
      })
    } catch (error) {
      // What cannot be read never comes to a handler; it must be said so.
      if (!isAppError(error) || error.code >= 98_000) accidents.add(`${error}`)
      codes.set('unreadable', (codes.get('unreadable') ?? 0) + 1)
      continue
    }
    const before = await countRows(server)
    const answer = (await server.call(name, request as never)) as unknown as {
      status?: { code: number; details: string }
    }
    const code = answer.status?.code ?? 0
    const word = StatusCode[code] ?? String(code)
    codes.set(word, (codes.get(word) ?? 0) + 1)
    if (code >= 98_000 || code === 0) accidents.add(`answered ${code} ${answer.status?.details}`)
    // What was answered can be written down again.
    encodeJson(answer as never, 'snake')
    encodeMessage(output, answer as never)
    await server.services.jobs.idle()
    if (code === StatusCode.SUCCESS || code === StatusCode.MIXED_STATUS) continue
    if (!answer.status?.details) accidents.add(`${code} without a word`)
    const after = await countRows(server)
    for (const table of WATCHED) {
      if (before[table] === after[table]) continue
      accidents.add(`answered ${word} and left ${after[table]! - before[table]!} rows in ${table}`)
    }
  }
  accidents.current = 'at the end'
  await checkCounts(server, userAppId)
  for (const name of [
    'ListConcepts',
    'ListDatasets',
    'ListSearches',
    'ListAnnotationFilters',
    'ListBulkOperations',
  ] as const) {
    succeeded((await server.call(name, { userAppId } as never)) as never)
  }
  for (const name of ['ListInputs', 'ListAnnotations'] as const) {
    const { status } = (await server.call(name, { userAppId, perPage: 1000 } as never)) as { status?: { code: number } }
    assert.ok([StatusCode.SUCCESS, StatusCode.MIXED_STATUS].includes(status!.code), `${name} ${status!.code}`)
  }
  const often = [...codes].sort(([, a], [, b]) => b - a).slice(0, 12)
  t.diagnostic(`seed ${SEED}: ${often.map(([word, count]) => `${count} x ${word}`).join(', ')}`)
  assert.deepEqual(accidents.all.slice(0, 20), [], `${accidents.all.length} accidents`)
}

onEachEngine('requests of the data plane with an absurd value in them', (engine) => {
  test('none is an accident inside, and those that fail have written nothing', async (t) => {
    const { location, remove } = await engine.place()
    t.after(remove)
    await tryAll(t, 'url' in location ? location.url : undefined)
  })
})
