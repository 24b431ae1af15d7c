import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RandomMessages } from '../../contract/json/random-messages.ts'
import { allMethods, methodInfo, Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkGrant } from './grants.ts'
import {
  ALL_SCOPES,
  endpointName,
  endpointTable,
  exceeding,
  hasScope,
  intersect,
  missingDependencies,
  missingFor,
  NO_SCOPES,
  parseScopes,
  readScopes,
  type ScopeSet,
  scopeName,
  scopeTable,
} from './scopes.ts'

const set = (scopes: string[], endpoints: string[] = []): ScopeSet => parseScopes(scopes, endpoints)
const CONCEPTS = '/clarifai.api.V2/ListConcepts'
const MODELS = '/clarifai.api.V2/ListModels'

/** Everything that a set lets through, which is what two sets are compared by. */
const reach = (scopes: ScopeSet): string[] =>
  allMethods()
    .filter((method) => missingFor(scopes, method).length === 0)
    .map((method) => method.name)

/** Repeatable random sets, with `All` and without endpoints now and then. */
function* randomSets(seed: number, count: number): Generator<ScopeSet> {
  const random = new RandomMessages(seed)
  const scopes = [...scopeTable.keys()]
  const endpoints = [...endpointTable.keys()]
  for (let i = 0; i < count; i++) {
    const some = <T>(from: readonly T[], most: number) =>
      new Set(Array.from({ length: random.int(most) }, () => random.pick(from)))
    const chosen = some(scopes, 60)
    if (random.int(4) === 0) chosen.add(Scope.All)
    yield { scopes: chosen, endpoints: random.int(2) === 0 ? new Set() : some(endpoints, 200) }
  }
}

describe('scope sets', () => {
  test('the table has every scope of the contract, and dependencies lead to scopes of the table', () => {
    assert.equal(scopeTable.get(Scope.All)?.name, 'All')
    assert.equal(scopeTable.has(Scope.undef), false)
    for (const { dependsOn, name } of scopeTable.values()) {
      for (const scope of dependsOn) assert.ok(scopeTable.has(scope), name)
    }
    assert.deepEqual(scopeTable.get(Scope.Inputs_Delete)?.dependsOn.map(scopeName), ['Inputs_Add', 'Inputs_Get'])
  })

  test('names become scopes and back; unknown ones are refused, stored ones that are gone are dropped', () => {
    assert.deepEqual([...set(['Predict', 'Inputs_Get']).scopes].map(scopeName), ['Predict', 'Inputs_Get'])
    for (const name of ['predict', '', 'undef', 'constructor']) assert.throws(() => set([name]), /no scope/)
    for (const name of ['ListConcepts', '/clarifai.api.V2/Nothing', ''])
      assert.throws(() => set([], [name]), /endpoint/)
    assert.deepEqual([...readScopes(['Predict', 'Gone'], [CONCEPTS]).scopes], [Scope.Predict])
  })

  test('All lets everything through, nothing lets only through what asks for nothing', () => {
    assert.equal(reach(ALL_SCOPES).length, allMethods().length)
    const free = allMethods().filter((method) => method.scopes.length === 0)
    assert.deepEqual(
      reach(NO_SCOPES),
      free.map((method) => method.name),
    )
  })

  test('what is missing is named: scopes, then the endpoint', () => {
    const method = methodInfo('ListConcepts')
    assert.equal(endpointName(method), CONCEPTS)
    assert.deepEqual(missingFor(set(['Apps_Get', 'Concepts_Get']), method), [])
    assert.deepEqual(missingFor(set(['Predict']), method), method.scopes.map(scopeName))
    assert.deepEqual(missingFor(set(['All'], [MODELS]), method), [CONCEPTS])
    assert.deepEqual(missingFor(set(['All'], [MODELS, CONCEPTS]), method), [])
  })

  test('an intersection lets through exactly what both let through', () => {
    const sets = [...randomSets(1, 40), ALL_SCOPES, NO_SCOPES, set(['All'], [CONCEPTS]), set(['All'], [MODELS])]
    for (const a of sets) {
      for (const b of sets) {
        const both = new Set(reach(b))
        assert.deepEqual(
          reach(intersect(a, b)).filter((name) => methodInfo(name as never).scopes.length > 0),
          reach(a).filter((name) => both.has(name) && methodInfo(name as never).scopes.length > 0),
        )
      }
    }
  })

  test('two narrowings without anything in common leave nothing, not everything', () => {
    const left = intersect(set(['All'], [CONCEPTS]), set(['All'], [MODELS]))
    assert.equal(hasScope(left, Scope.Concepts_Get), false)
    assert.ok(missingFor(left, methodInfo('ListConcepts')).length > 0)
  })

  test('whatever does not exceed a set reaches no further than the set', () => {
    let within = 0
    const sets = [...randomSets(2, 60)]
    for (const held of sets) {
      assert.deepEqual(exceeding(held, held), [])
      assert.deepEqual(exceeding(intersect(held, sets[0]!), held), [])
      for (const wanted of sets) {
        if (exceeding(wanted, held).length > 0) continue
        within++
        const reached = new Set(reach(held))
        for (const name of reach(wanted)) assert.ok(reached.has(name), name)
      }
    }
    assert.ok(within >= sets.length)
  })

  test('what exceeds is named, and so is a key that would be wider for naming no endpoints', () => {
    assert.deepEqual(exceeding(set(['Predict', 'Inputs_Get']), set(['Predict'])), ['Inputs_Get'])
    assert.deepEqual(exceeding(ALL_SCOPES, set(['Predict'])), ['All'])
    assert.deepEqual(exceeding(set(['Predict'], [CONCEPTS, MODELS]), set(['All'], [MODELS])), [CONCEPTS])
    assert.deepEqual(exceeding(set(['Predict']), set(['All'], [MODELS])), ['every endpoint'])
  })

  test('dependencies of scopes and of endpoints must be chosen too', () => {
    assert.deepEqual(missingDependencies(ALL_SCOPES), [])
    assert.deepEqual(missingDependencies(set(['Models_Add'])), ['Models_Get'])
    assert.deepEqual(missingDependencies(set(['Models_Add', 'Models_Get'])), [])
    assert.deepEqual(missingDependencies(set(['Predict'], [CONCEPTS])), ['Apps_Get', 'Concepts_Get'])
  })
})

describe('grants', () => {
  const code = (expected: StatusCode, message: RegExp) => (error: { code?: StatusCode; details?: string }) => {
    assert.equal(error.code, expected)
    assert.match(error.details ?? '', message)
    return true
  }

  test('come back without repetitions', () => {
    const grant = { scopes: ['Predict', 'Predict'], endpoints: [CONCEPTS, CONCEPTS] }
    assert.deepEqual(checkGrant({ ...grant, scopes: ['All', 'All'] }, ALL_SCOPES), {
      scopes: ['All'],
      endpoints: [CONCEPTS],
    })
  })

  test('are refused when empty, useless or beyond the giver', () => {
    const invalid = StatusCode.CONN_INVALID_REQUEST
    assert.throws(() => checkGrant({ scopes: [], endpoints: [] }, ALL_SCOPES), code(invalid, /at least one/))
    assert.throws(() => checkGrant({ scopes: [], endpoints: [CONCEPTS] }, ALL_SCOPES), code(invalid, /Concepts_Get/))
    assert.throws(
      () => checkGrant({ scopes: ['Predict'], endpoints: [] }, set(['Inputs_Get'])),
      code(StatusCode.CONN_INSUFFICIENT_SCOPES, /Predict/),
    )
  })
})
