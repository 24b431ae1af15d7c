import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, type Member } from './findings.ts'

/** Members on a circle: what is near in angle is alike. */
function membersAt(places: readonly (readonly [id: string, degrees: number, ...labels: string[]])[]): Member[] {
  return places.map(([id, degrees, ...labels]) => ({
    id,
    labels: new Set(labels),
    neighbours: places
      .filter(([other]) => other !== id)
      .map(([other, theirs]) => ({ id: other, cosine: Math.cos(((degrees - theirs) * Math.PI) / 180) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 5),
  }))
}

const cats = [0, 20, 40, 60, 80].map((degrees) => [`cat-${degrees}`, degrees, 'cat'] as const)
const dogs = [180, 200, 220, 240, 260].map((degrees) => [`dog-${degrees}`, degrees, 'dog'] as const)

test('a label that its neighbours do not bear out is doubtful, with what they are', () => {
  const { doubtful, twins } = findingsOf(membersAt([...cats, ...dogs, ['wrong', 30, 'dog']]), 0.99)
  assert.deepEqual(
    doubtful.map(({ id, label, suggested, share }) => ({ id, label, suggested, share })),
    [{ id: 'wrong', label: 'dog', suggested: 'cat', share: 0 }],
  )
  assert.ok(doubtful[0]!.suggestedShare > 0.99)
  assert.deepEqual(twins, [])
})

test('nothing is said of inputs without labels, with few labelled neighbours, or with both labels', () => {
  const { doubtful } = findingsOf(
    membersAt([...cats, ['none', 30], ['both', 50, 'cat', 'dog'], ['far', 180, 'dog'], ['alone', 190]]),
  )
  assert.deepEqual(doubtful, [])
})

test('near-duplicates are told once, the closest first, with contradictions', () => {
  const { twins } = findingsOf(
    membersAt([
      ['a', 0, 'cat'],
      ['b', 1, 'dog'],
      ['c', 100],
      ['d', 105],
      ['e', 200],
    ]),
  )
  assert.deepEqual(
    twins.map(({ ids, contradict }) => [...ids, contradict]),
    [
      ['a', 'b', true],
      ['c', 'd', false],
    ],
  )
  assert.deepEqual(
    findingsOf(
      membersAt([
        ['a', 0],
        ['b', 20],
      ]),
      0.9,
    ).twins.length,
    1,
  )
})
