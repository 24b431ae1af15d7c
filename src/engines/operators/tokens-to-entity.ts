import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { type Concept, DataSchema, type Region, RegionSchema, SpanSchema } from '../../contract/index.ts'
import { operator } from './operator.ts'
import { valued } from './texts.ts'

interface Token {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly label: string
  /** The tag says that an entity begins here (B- of the IOB scheme, S- for one of a single token). */
  readonly begins: boolean
  readonly concept: Concept
}

const TAG = /^([BIES])-(.+)$/

/**
 * Joins neighbouring tokens of one kind to entities. Tags of the IOB scheme are understood (`B-PER`, `I-PER` give one
 * `PER`); `O` is nothing. Tokens are neighbours when at most one character lies between them; the value of an entity
 * is the mean of its tokens' values.
 */
export const tokensToEntity = operator('tokens-to-entity-operator', () => ({ data }) => {
  const tokens = data.regions.flatMap(tokenOf).sort((a, b) => a.start - b.start)
  const groups: Token[][] = []
  for (const token of tokens) {
    const group = groups.at(-1)
    const last = group?.at(-1)
    const joins = last && !token.begins && token.label === last.label && token.start - last.end <= 1
    if (joins) group!.push(token)
    else groups.push([token])
  }
  return create(DataSchema, { regions: groups.map(entityOf) })
})

function tokenOf(region: Region): Token[] {
  const place = region.regionInfo?.span ?? region.regionInfo?.token
  const concepts = region.data?.concepts ?? []
  if (!place || concepts.length === 0) return []
  const concept = concepts.reduce((best, other) => (other.value > best.value ? other : best))
  const tag = concept.name || concept.id
  const [, mark, rest] = TAG.exec(tag) ?? []
  const label = rest ?? tag
  if (label === 'O') return []
  const begins = mark === 'B' || mark === 'S'
  return [{ start: place.charStart, end: place.charEnd, text: place.rawText, label, begins, concept }]
}

function entityOf(group: readonly Token[]): Region {
  const [first] = group
  const value = group.reduce((sum, { concept }) => sum + concept.value, 0) / group.length
  const rawText = group.reduce((text, token, place) => {
    if (place === 0) return token.text
    // Tokenizers mark pieces that continue a word.
    if (token.text.startsWith('##')) return text + token.text.slice(2)
    return text + (token.start > group[place - 1]!.end ? ' ' : '') + token.text
  }, '')
  const id = TAG.test(first!.concept.id) ? first!.label : first!.concept.id
  return create(RegionSchema, {
    id: newId(),
    value,
    regionInfo: { span: create(SpanSchema, { charStart: first!.start, charEnd: group.at(-1)!.end, rawText }) },
    data: create(DataSchema, { concepts: [{ ...valued(first!.concept, value), id, name: first!.label }] }),
  })
}
