import { createHash } from 'node:crypto'
import { COCO_LABELS } from '../engines/coco-ssd/labels.ts'
import type { CatalogueConcept } from './types.ts'

// Ids of the original's public concepts, as far as they are known; clients and their users have them written down.
const KNOWN_IDS: Readonly<Record<string, string>> = {
  dog: 'ai_8S2Vq3cR',
  face: 'ai_8jtPl3Xj',
  train: 'ai_HLmqFqBf',
  station: 'ai_6kTjGfF6',
  railway: 'ai_fvlBqXZR',
  people: 'ai_l8TKp2h5',
  man: 'ai_dxSG2s86',
  adult: 'ai_VPmHr5bm',
  crocodile: 'ai_7SpG1937',
  affection: 'ai_vhvTrLRT',
}

const ID_LETTERS = 8

/** Id of a public concept by its name: the original's where it is known, else one derived from the name for good. */
export function publicConcept(name: string): CatalogueConcept {
  const known = KNOWN_IDS[name]
  if (known) return { id: known, name }
  const letters = createHash('sha256')
    .update(`limpid public concept\0${name}`)
    .digest('base64')
    .replaceAll(/[^0-9A-Za-z]/g, '')
  return { id: `ai_${letters.slice(0, ID_LETTERS)}`, name }
}

/** The 80 classes of COCO. */
export const COCO_CONCEPTS: readonly CatalogueConcept[] = COCO_LABELS.flatMap((label) =>
  label ? [publicConcept(label.name)] : [],
)
