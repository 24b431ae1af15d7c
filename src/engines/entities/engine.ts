import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { DataSchema, type Region, RegionSchema } from '../../contract/index.ts'
import { type ConceptMaker, conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, textOf } from '../kit.ts'
import { ENTITY_LABELS } from './labels.ts'

/** Characters looked at; rules take time in step with the length. */
const TEXT_CHARS_MAX = 65_536
/** Memory of the word lists and rules, in bytes. */
const RULES_BYTES = 48 * 1024 * 1024

type Kind = keyof typeof ENTITY_LABELS

/** A stretch of text of one kind. */
interface Entity {
  readonly kind: Kind
  readonly start: number
  readonly end: number
}

/** What the library answers for a group of words, as far as it is read here. */
interface Found {
  readonly offset?: { readonly start: number; readonly length: number }
}

const PUNCTUATION_FRONT = /^[\s\p{P}]+/u
const PUNCTUATION_BACK = /(?:'s|’s)?[\s\p{P}]+$|(?:'s|’s)$/u

/** The names in a text, in its order. */
async function entitiesOf(text: string): Promise<Entity[]> {
  const { default: nlp } = await import('compromise')
  const doc = nlp(text)
  const found: Entity[] = []
  const groups: [Kind, { json(options: object): unknown }][] = [
    ['person', doc.people()],
    ['organization', doc.organizations()],
    ['place', doc.places()],
  ]
  for (const [kind, view] of groups) {
    for (const { offset } of view.json({ offset: true, terms: false }) as Found[]) {
      if (!offset) continue
      const entity = trimmed(text, kind, offset.start, offset.start + offset.length)
      const isNew = !found.some((other) => other.start < entity.end && entity.start < other.end)
      if (isNew && entity.end > entity.start) found.push(entity)
    }
  }
  return found.sort((a, b) => a.start - b.start)
}

/** Without the punctuation around it and without the ending of the possessive. */
function trimmed(text: string, kind: Kind, from: number, to: number): Entity {
  const part = text.slice(from, to)
  const start = from + (PUNCTUATION_FRONT.exec(part)?.[0].length ?? 0)
  const end = to - (PUNCTUATION_BACK.exec(part)?.[0].length ?? 0)
  return { kind, start, end }
}

function regionOf(text: string, { kind, start, end }: Entity, concept: ConceptMaker): Region {
  return create(RegionSchema, {
    id: newId(),
    // Rules are not more or less sure.
    value: 1,
    regionInfo: { span: { charStart: start, charEnd: end, rawText: text.slice(start, end) } },
    data: { concepts: [concept(ENTITY_LABELS[kind], 1)] },
  })
}

/** Finds names of people, places and organisations in English by word lists and rules: text -> regions with spans. */
export const entities: Engine = {
  name: 'entity-rules',
  weights: [],
  async load(): Promise<LoadedEngine> {
    return {
      bytes: RULES_BYTES,
      dispose: async () => {},
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const text = textOf(item).slice(0, TEXT_CHARS_MAX)
          const found = await entitiesOf(text)
          return create(DataSchema, { regions: found.map((entity) => regionOf(text, entity, concept)) })
        })
      },
    }
  },
}
