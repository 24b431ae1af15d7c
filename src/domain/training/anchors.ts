import { overlap } from '../../engines/boxes.ts'
import { WINDOWS } from '../../engines/windows.ts'
import { seededRandom, shuffled } from '../../training/random.ts'
import type { Box } from './boxes.ts'
import type { Example, GatheredExamples } from './examples.ts'

/** A window that overlaps a box by this share shows what is in it, */
const SHOWS = 0.5
/** and one that overlaps every box by less than this shows none of them. */
const SHOWS_NOT = 0.25
/** Windows without a thing in them that are learned from, of one picture, at least */
const EMPTY_MIN = 8
/** and for each window with a thing. */
const EMPTY_FOR_EACH = 2

interface Marked {
  readonly box: Box
  readonly concepts: ReadonlySet<number>
}

/**
 * Turns marked boxes into what a window detector looks at: the boxes themselves and the windows that show them, with
 * their concepts, and some of the windows of the same pictures that show none, for which all concepts are denied.
 * Regions without a place are left out.
 */
export function anchorExamples(gathered: GatheredExamples, seed: number): GatheredExamples {
  const marked = markedBoxes(gathered)
  const examples: Example[] = []
  const cells: { row: number; concept: number; value: number }[] = []
  const random = seededRandom(seed)
  const add = (inputPk: number, box: Box, regionId: string, concepts: ReadonlySet<number>): void => {
    for (let concept = 0; concept < gathered.conceptIds.length; concept++) {
      cells.push({ row: examples.length, concept, value: concepts.has(concept) ? 1 : 0 })
    }
    examples.push({ inputPk, regionId, box })
  }
  for (const [inputPk, boxes] of marked) {
    for (const [at, { box, concepts }] of boxes.entries()) add(inputPk, box, `box ${at}`, concepts)
    let shown = boxes.length
    const empty: number[] = []
    for (const [at, window] of WINDOWS.entries()) {
      const near = boxes.map((one) => ({ ...one, share: overlap(window, one.box) }))
      const inside = near.filter(({ share }) => share >= SHOWS)
      if (inside.length > 0) {
        add(inputPk, window, `window ${at}`, new Set(inside.flatMap(({ concepts }) => [...concepts])))
        shown++
      } else if (near.every(({ share }) => share < SHOWS_NOT)) empty.push(at)
    }
    const wanted = Math.max(EMPTY_MIN, EMPTY_FOR_EACH * shown)
    for (const which of shuffled(empty.length, random).subarray(0, wanted)) {
      const at = empty[which]!
      add(inputPk, WINDOWS[at]!, `window ${at}`, new Set())
    }
  }
  return {
    ...gathered,
    examples,
    labels: {
      rows: Int32Array.from(cells, ({ row }) => row),
      concepts: Int32Array.from(cells, ({ concept }) => concept),
      values: Float32Array.from(cells, ({ value }) => value),
    },
  }
}

/** The boxes of each input with the concepts that they were marked with; denied concepts say nothing of a place. */
function markedBoxes({ examples, labels }: GatheredExamples): Map<number, Marked[]> {
  const concepts = new Map<number, Set<number>>()
  for (const [at, row] of labels.rows.entries()) {
    if (labels.values[at]! < 0.5) continue
    const own = concepts.get(row) ?? new Set()
    concepts.set(row, own.add(labels.concepts[at]!))
  }
  const marked = new Map<number, Marked[]>()
  for (const [row, { inputPk, box }] of examples.entries()) {
    if (!box) continue
    const own = marked.get(inputPk) ?? []
    marked.set(inputPk, own)
    const found = concepts.get(row)
    if (found) own.push({ box, concepts: found })
  }
  return marked
}
