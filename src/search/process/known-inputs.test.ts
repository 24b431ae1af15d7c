import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reader } from '../../store/database.ts'
import type { SearchScope } from '../../store/repos/search-matches.ts'
import { LIST_FROM_SEARCH } from '../limits.ts'
import { KnownInputs } from './known-inputs.ts'

test('a listing that failed is tried again by the next search, not remembered', async () => {
  let tries = 0
  const db = new Proxy({} as Reader, {
    get(_, name) {
      if (name === 'version') return () => 7
      tries++
      throw new Error('the database is away')
    },
  })
  const scope: SearchScope = {
    appPk: 1,
    clauses: [],
    annotationStatuses: null,
    trustedOnly: false,
    inputStatuses: null,
    asOf: null,
  }
  const known = KnownInputs.of(db, scope)
  for (let n = 1; n < LIST_FROM_SEARCH; n++) {
    known.asked()
    assert.equal(await known.list(), undefined)
  }
  known.asked()
  await assert.rejects(known.list(), /away/)
  const before = tries
  assert.ok(before > 0)
  await assert.rejects(KnownInputs.of(db, scope).list(), /away/)
  assert.ok(tries > before)
})
