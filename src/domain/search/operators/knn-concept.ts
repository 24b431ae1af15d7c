import { create } from '@bufbuild/protobuf'
import { ConceptSchema, DataSchema } from '../../../contract/index.ts'
import { conceptValuesOfInputs } from '../../../store/repos/search-labels.ts'
import { requireApp } from '../../access/target.ts'
import type { ServedOperator } from './index.ts'
import { inputsLike } from './like.ts'

/** Inputs are looked at up to this many for each vote, as not every one has a label. */
const LOOK_FURTHER = 10

/**
 * Lets the k nearest inputs that people have labelled with one of the concepts vote for them. A vote weighs as much as
 * the likeness; the value of a concept is its share of all votes.
 */
export const knnConcept: ServedOperator = async (call, data, { params, concepts }) => {
  const k = typeof params.k === 'number' ? params.k : 10
  const app = requireApp(call.target)
  const near = await inputsLike(call, data, { minScore: 0, maxResults: k * LOOK_FURTHER })
  const ids = concepts.map(({ id }) => id)
  const labels = await conceptValuesOfInputs(
    call.services.db.read,
    app.pk,
    ids,
    near.map(({ inputPk }) => inputPk),
  )
  const votes = new Map<string, number>()
  let [all, voters] = [0, 0]
  for (const { inputPk, score } of near) {
    const own = labels.get(inputPk)?.filter(({ value }) => value > 0) ?? []
    if (own.length === 0 || voters === k) continue
    voters++
    for (const { id, value } of own) {
      votes.set(id, (votes.get(id) ?? 0) + score * value)
      all += score * value
    }
  }
  const voted = concepts.filter(({ id }) => votes.has(id))
  const answered = voted.map((concept) => create(ConceptSchema, { ...concept, value: votes.get(concept.id)! / all }))
  return create(DataSchema, { concepts: answered.sort((a, b) => b.value - a.value) })
}
