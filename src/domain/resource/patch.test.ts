import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clone, create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import { AppSchema, type Data, DataSchema, ModelSchema } from '../../contract/index.ts'
import { RandomMessages } from '../../contract/json/random-messages.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { applyPatch, type PatchAction, patchJson, readAction } from './patch.ts'

const ACTIONS: readonly PatchAction[] = ['merge', 'overwrite', 'remove']
const ROUNDS = 200
const allFields = DataSchema.fields.map((field) => field.name)

const data = (init: MessageInitShape<typeof DataSchema>): Data => create(DataSchema, init)
const patched = (current: Data, patch: Data, action: PatchAction): Data =>
  applyPatch(DataSchema, current, patch, action, allFields)
const ids = (message: Data) => message.concepts.map((concept) => concept.id)

function* randomPairs(seed: number): Generator<[Data, Data]> {
  const random = new RandomMessages(seed)
  for (let i = 0; i < ROUNDS; i++) yield [random.message(DataSchema) as Data, random.message(DataSchema) as Data]
}

describe('actions', () => {
  test('an unknown, missing or untaken action is refused with those that are taken', () => {
    for (const action of ['', 'Merge', 'delete', 'constructor', 'merge ']) {
      assert.throws(() => readAction(action, ACTIONS), { code: StatusCode.CONN_INVALID_REQUEST }, action)
    }
    assert.throws(() => readAction('merge', ['overwrite', 'remove'], StatusCode.MODEL_INVALID_ARGUMENT), {
      code: StatusCode.MODEL_INVALID_ARGUMENT,
      details: "The action is 'merge'; use 'overwrite' or 'remove'.",
    })
    for (const action of ACTIONS) assert.equal(readAction(action, ACTIONS), action)
  })
})

describe('whatever the messages', () => {
  test('overwriting twice is overwriting once', () => {
    for (const [current, patch] of randomPairs(1)) {
      const once = patched(current, patch, 'overwrite')
      assert.deepEqual(patched(once, patch, 'overwrite'), once)
    }
  })

  test('what the patch leaves unset and what may not be patched stays, for every action', () => {
    const random = new RandomMessages(2)
    for (const [current, patch] of randomPairs(3)) {
      for (const action of ACTIONS) {
        const empty = patched(current, create(DataSchema), action)
        assert.deepEqual(empty, current)
        const allowed = allFields.filter(() => random.int(2) === 0)
        const result = applyPatch(DataSchema, current, patch, action, allowed) as unknown as Record<string, unknown>
        for (const field of DataSchema.fields) {
          if (allowed.includes(field.name)) continue
          assert.deepEqual(result[field.localName], (current as unknown as Record<string, unknown>)[field.localName])
        }
      }
    }
  })

  test('neither the stored message nor the patch is changed', () => {
    for (const [current, patch] of randomPairs(4)) {
      const [a, b] = [clone(DataSchema, current), clone(DataSchema, patch)]
      for (const action of ACTIONS) patched(current, patch, action)
      assert.deepEqual([current, patch], [a, b])
    }
  })

  test('removing what a merge has added restores what was there, for items with ids and for metadata', () => {
    const random = new RandomMessages(5)
    for (let i = 0; i < ROUNDS; i++) {
      const items = (prefix: string) =>
        Array.from({ length: random.int(5) }, (_, n) => ({ id: `${prefix}${n}`, value: random.next() }))
      const keys = (prefix: string): JsonObject =>
        Object.fromEntries(Array.from({ length: random.int(5) }, (_, n) => [`${prefix}${n}`, [n]]))
      const current = data({ concepts: items('a'), metadata: { same: 1, ...keys('a') } })
      const patch = data({ concepts: items('b'), metadata: keys('b') })
      if (Object.keys(patch.metadata ?? {}).length === 0) delete patch.metadata
      const merged = patched(current, patch, 'merge')
      assert.equal(merged.concepts.length, current.concepts.length + patch.concepts.length)
      assert.deepEqual(patched(merged, patch, 'remove'), current)
    }
  })
})

describe('lists', () => {
  test('with ids: merge changes in place and appends in order, remove takes out, overwrite replaces', () => {
    const current = data({
      concepts: [
        { id: 'a', name: 'A', value: 1 },
        { id: 'b', value: 1 },
      ],
    })
    const patch = data({ concepts: [{ id: 'c' }, { id: 'a', value: 0.5 }] })
    const merged = patched(current, patch, 'merge')
    assert.deepEqual(ids(merged), ['a', 'b', 'c'])
    assert.deepEqual([merged.concepts[0]?.name, merged.concepts[0]?.value], ['A', 0.5])
    assert.deepEqual(ids(patched(current, patch, 'remove')), ['b'])
    assert.deepEqual(ids(patched(current, patch, 'overwrite')), ['c', 'a'])
  })

  test('without ids: merge appends, and so does remove', () => {
    const app = create(ModelSchema, { toolkits: ['x'] })
    const patch = create(ModelSchema, { toolkits: ['x', 'y'] })
    for (const action of ['merge', 'remove'] as const) {
      assert.deepEqual(applyPatch(ModelSchema, app, patch, action, ['toolkits']).toolkits, ['x', 'x', 'y'])
    }
    assert.deepEqual(applyPatch(ModelSchema, app, patch, 'overwrite', ['toolkits']).toolkits, ['x', 'y'])
  })

  test('items go deep: a merged region keeps what the patch does not name', () => {
    const box = { topRow: 0.1, leftCol: 0.2, bottomRow: 0.3, rightCol: 0.4 }
    const current = data({
      regions: [{ id: 'r', regionInfo: { boundingBox: box }, data: { concepts: [{ id: 'a' }] } }],
    })
    const patch = data({ regions: [{ id: 'r', data: { concepts: [{ id: 'b' }] } }] })
    const [region] = patched(current, patch, 'merge').regions
    assert.ok(region?.regionInfo?.boundingBox)
    assert.deepEqual(
      region?.data?.concepts.map((concept) => concept.id),
      ['a', 'b'],
    )
  })
})

describe('single values', () => {
  const app = create(AppSchema, { name: 'zoo', sampleMs: 500, image: { url: 'u' } })

  test('merge and overwrite set, remove unsets, whatever value stands beside the name', () => {
    const patch = create(AppSchema, { name: 'new', sampleMs: 100 })
    const run = (action: PatchAction) => applyPatch(AppSchema, app, patch, action, ['name', 'sample_ms'])
    for (const action of ['merge', 'overwrite'] as const) {
      assert.deepEqual([run(action).name, run(action).sampleMs], ['new', 100])
    }
    assert.deepEqual([run('remove').name, run('remove').sampleMs], ['', 0])
  })

  test('messages: merge goes deep, overwrite replaces, an empty one replaces on merge and does nothing on remove', () => {
    const run = (image: object, action: PatchAction) =>
      applyPatch(AppSchema, app, create(AppSchema, { image }), action, ['image']).image
    assert.deepEqual([run({ allowDuplicateUrl: true }, 'merge')?.url, run({ url: 'v' }, 'merge')?.url], ['u', 'v'])
    assert.equal(run({ allowDuplicateUrl: true }, 'overwrite')?.url, '')
    assert.equal(run({}, 'merge')?.url, '')
    assert.equal(run({}, 'remove')?.url, 'u')
    assert.equal(run({ url: 'u' }, 'remove')?.url, '')
    const bare = create(AppSchema)
    assert.equal(applyPatch(AppSchema, bare, app, 'merge', ['image']).image?.url, 'u')
    assert.equal(applyPatch(AppSchema, bare, app, 'remove', ['image']).image, undefined)
  })
})

describe('metadata', () => {
  const merge = (current: JsonObject, patch: JsonObject) => patchJson(current, patch, 'merge')
  const remove = (current: JsonObject, patch: JsonObject) => patchJson(current, patch, 'remove')

  test('merge goes deep; null and absent leave, empty replaces, another type overwrites', () => {
    assert.deepEqual(merge({ a: { x: 1 }, b: 2 }, { a: { y: 2 } }), { a: { x: 1, y: 2 }, b: 2 })
    assert.deepEqual(merge({ a: 1, b: 2 }, { a: null, c: 3 }), { a: 1, b: 2, c: 3 })
    assert.deepEqual(merge({ a: { x: 1 } }, { a: {} }), { a: {} })
    assert.deepEqual(merge({ a: 1 }, {}), {})
    assert.deepEqual(merge({ a: [1, 2] }, { a: [] }), { a: [] })
    assert.deepEqual(merge({ a: { x: 1 } }, { a: 'text' }), { a: 'text' })
    assert.deepEqual(merge({ a: 'text' }, { a: { x: 1 } }), { a: { x: 1 } })
    assert.deepEqual(merge({ a: true }, { a: false }), { a: false })
  })

  test('merged lists grow; items with ids are matched by them', () => {
    assert.deepEqual(merge({ a: [1] }, { a: [1, 2] }), { a: [1, 1, 2] })
    assert.deepEqual(merge({ a: [{ id: 1, x: 1 }] }, { a: [{ id: 1, y: 2 }, { id: 2 }] }), {
      a: [{ id: 1, x: 1, y: 2 }, { id: 2 }],
    })
  })

  test('remove deletes the named keys whatever their value, except that false overwrites', () => {
    assert.deepEqual(remove({ a: 1, b: 2 }, { a: 'anything' }), { b: 2 })
    assert.deepEqual(remove({ a: { x: 1, y: 2 } }, { a: { x: 0 } }), { a: { y: 2 } })
    assert.deepEqual(remove({ a: true }, { a: false }), { a: false })
    assert.deepEqual(remove({ a: 1 }, {}), { a: 1 })
    assert.deepEqual(remove({ a: 1 }, { a: null, absent: 1 }), { a: 1 })
  })

  test('names that mean something to the language are plain keys', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}')
    const result = merge({ a: 1 }, hostile)
    assert.equal(({} as { polluted?: number }).polluted, undefined)
    assert.deepEqual(Object.keys(result).sort(), ['__proto__', 'a', 'constructor'])
    assert.deepEqual(remove(result, hostile), {
      a: 1,
      ...JSON.parse('{"__proto__": {}, "constructor": {"prototype": {}}}'),
    })
  })
})
