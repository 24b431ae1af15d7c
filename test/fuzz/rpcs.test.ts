import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { create, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf'
import { registry } from '../../src/api/registry.ts'
import { decodeMessage, encodeMessage } from '../../src/contract/binary/index.ts'
import { RandomMessages } from '../../src/contract/json/random-messages.ts'
import { methodInfo, type RpcName } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp } from '../kit/apps.ts'
import { FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer, type TestServerOptions } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'
import { Accidents } from './accidents.ts'
import { FACTOR, SEED } from './settings.ts'

const PER_RPC = 20
/** Values that no caller sends by accident. */
const TEXTS = [
  ...[
    '',
    '\0',
    'a\0b',
    '\ufffd',
    '../../etc/passwd',
    "'; drop table users; --",
    '%00',
    '{{7*7}}',
    '-1',
    'NaN',
    '*',
    '%',
  ],
  ...['x'.repeat(100_000), '\u202e', 'http://127.0.0.1:1/', 'file:///etc/passwd', '[', '(a+)+$', '__proto__'],
]
const NUMBERS = [0, -1, 1, 0.5, 1e9, -1e9, 2 ** 31 - 1, -(2 ** 31), Number.NaN, Number.POSITIVE_INFINITY, 1e38]
/** The ones that exist, so that handlers get beyond looking things up. */
const IDS = ['fuzz', 'thing', 'thing', 'admin', 'main', 'clarifai', 'General', 'color-recognition', 'me']
const FRACTIONS = new Set([ScalarType.DOUBLE, ScalarType.FLOAT])
/** Calls that end the credentials which the test itself works with, or its place. */
const KEPT_AWAY = /^(Delete(User|App|Key|Apps)|Patch(User|Users|Key|Keys|KeyScopes|App|Apps))/

/** Makes a random request meaner: absurd values here and there, ids of things that exist elsewhere. */
function sharpen(desc: DescMessage, message: Message, random: RandomMessages): void {
  const fields = message as unknown as Record<string, unknown>
  for (const field of desc.fields) {
    const value = fields[field.localName]
    if (field.fieldKind === 'scalar' && !field.oneof) {
      const isId = field.name === 'id' || field.name.endsWith('_id')
      if (typeof value === 'string' && isId && random.next() < 0.8) fields[field.localName] = random.pick(IDS)
      else if (typeof value === 'string' && random.next() < 0.3) fields[field.localName] = random.pick(TEXTS)
      else if (typeof value === 'number' && random.next() < 0.4) {
        const wanted = random.pick(NUMBERS)
        const whole = Number.isFinite(wanted) ? Math.abs(Math.trunc(wanted)) % 2 ** 31 : 0
        fields[field.localName] = FRACTIONS.has(field.scalar) ? wanted : whole
      }
    } else if (field.fieldKind === 'message' && !field.oneof && isMessage(value, field.message)) {
      sharpen(field.message, value, random)
    } else if (field.fieldKind === 'list' && field.listKind === 'message' && Array.isArray(value)) {
      for (const item of value) if (isMessage(item, field.message)) sharpen(field.message, item, random)
    }
  }
}

const isMessage = (value: unknown, desc: DescMessage): value is Message =>
  (value as Message | undefined)?.$typeName === desc.typeName && !desc.typeName.startsWith('google.')

/** A request with the fields that say where it goes filled in. */
function requestFor(name: RpcName, random: RandomMessages): Message {
  const { input } = methodInfo(name)
  const message = random.message(input)
  sharpen(input, message, random)
  const fields = message as unknown as Record<string, unknown>
  const place = input.fields.find((field) => field.name === 'user_app_id')
  if (place?.message) fields.userAppId = create(place.message, { userId: 'admin', appId: 'fuzz' } as never)
  // What crosses the wire, so that nothing is tried that no client can send.
  return decodeMessage(input, encodeMessage(input, message))
}

async function fill(server: TestServer): Promise<void> {
  const { userAppId } = await makeApp(server, 'fuzz')
  await server.call('PostConcepts', { userAppId, concepts: [{ id: 'thing', name: 'thing' }] })
  await server.call('PostModels', { userAppId, models: [{ id: 'thing', modelTypeId: 'visual-classifier' }] })
  const nodes = [{ id: 'thing', model: { id: 'color-recognition', userId: 'clarifai', appId: 'main' } }]
  await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'thing', nodes }] })
}

/** Calls every RPC many times; fails with what went wrong inside the server, if anything did. */
async function tryAll(t: TestContext, settings: TestServerOptions['settings']): Promise<void> {
  const accidents = new Accidents()
  await using server = await startTestServer({ overrides: new FakeRuntime().services, settings, log: accidents.log })
  await fill(server)
  const codes = new Map<string, number>()
  let calls = 0
  for (const name of Object.keys(registry) as RpcName[]) {
    if (methodInfo(name).kind !== 'unary' || KEPT_AWAY.test(name)) continue
    for (let at = 0; at < PER_RPC * FACTOR; at++) {
      const random = new RandomMessages(SEED + at * 7_919 + calls)
      accidents.current = `${name} (seed ${SEED}, number ${at})`
      calls++
      const { status } = (await server.call(name, requestFor(name, random) as never)) as {
        status?: { code: number; details: string }
      }
      const code = status?.code ?? 0
      codes.set(StatusCode[code] ?? String(code), (codes.get(StatusCode[code] ?? String(code)) ?? 0) + 1)
      if (code >= 98_000 || code === 0) accidents.add(`answered ${code} ${status?.details}`)
      else if (code !== StatusCode.SUCCESS && !status?.details) accidents.add(`${code} without a word`)
    }
  }
  const often = [...codes].sort(([, a], [, b]) => b - a).slice(0, 12)
  t.diagnostic(`seed ${SEED}: ${calls} calls; ${often.map(([code, count]) => `${count} x ${code}`).join(', ')}`)
  assert.deepEqual(accidents.all.slice(0, 20), [], `${accidents.all.length} accidents`)
}

onEachEngine('requests of every RPC with absurd values', (engine) => {
  test('none is an accident inside', async (t) => {
    const { location, remove } = await engine.place()
    t.after(remove)
    await tryAll(t, 'url' in location ? { databaseUrl: location.url } : {})
  })
})
