import { create } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema } from '../contract/index.ts'
import type { EngineSetup } from './engine.ts'

/** A class that a network knows: the concept it stands for when the model version lists no concepts of its own. */
export interface Label {
  readonly id: string
  readonly name: string
  readonly vocabId?: string
}

/**
 * Makes the concept of a label. A concept of the model version with the label's name or id wins, so that a catalogue
 * or a user may give the classes ids of their own.
 */
export type ConceptMaker = (label: Label, value: number) => Concept

/** Prepares the concepts of a model version for looking up by label. */
export function conceptMaker(setup: EngineSetup): ConceptMaker {
  const own = new Map<string, Concept>()
  for (const concept of setup.concepts) own.set(concept.name || concept.id, concept)
  return (label, value) => {
    const { id, name, appId, userId, language, vocabId } = own.get(label.name) ?? own.get(label.id) ?? NOTHING
    return create(ConceptSchema, {
      id: id || label.id,
      name: name || label.name,
      value,
      appId,
      userId,
      language,
      vocabId: vocabId || label.vocabId,
    })
  }
}

const NOTHING: Concept = create(ConceptSchema)

/** A label whose id is its name with dashes, as readable ids are made everywhere in the catalogue. */
export function plainLabel(name: string): Label {
  return { id: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), name }
}
