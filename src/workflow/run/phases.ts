import { ANY_FIELD, needsWholeVideo, rootOf } from '../fields.ts'
import type { PlanNode } from '../plan.ts'

/** Nodes of a plan that run on a video together: either on all of its frames, one by one, or on the video as a whole. */
export interface Phase {
  readonly perFrame: boolean
  readonly nodes: ReadonlySet<number>
  /** The pictures of the frames are needed, not only what was made of them. */
  readonly needsPictures: boolean
}

/**
 * Parts the nodes of a plan into phases, in the order in which they run on a video. Nodes that begin with a picture
 * run on its frames, and so do those that follow them; nodes that read frames (trackers) need all of them at once, and
 * what follows a tracker runs on the frames again. `fieldsOf` gives the single paths that a node reads.
 */
export function phasesOf(nodes: readonly PlanNode[], fieldsOf: (index: number) => readonly string[]): Phase[] {
  const kinds = nodes.map((node, index) => ({ node, fields: fieldsOf(index) }))
  /** By node: even numbers are phases of the whole video, odd ones of its frames. */
  const numbers: number[] = []
  const givesFrames: boolean[] = []
  for (const { node, fields } of kinds) {
    const isRoot = node.inputs.length === 0
    const begins = isRoot && (fields.includes('image') || fields.includes(ANY_FIELD))
    const perFrame = !fields.some(needsWholeVideo) && (begins || node.inputs.some((input) => givesFrames[input]))
    const latest = Math.max(0, ...node.inputs.map((input) => numbers[input]!))
    numbers.push((latest % 2 === 1) === perFrame ? latest : latest + 1)
    givesFrames.push(perFrame || node.outputFields.some((field) => rootOf(field) === 'frames'))
  }
  return [...new Set(numbers)]
    .sort((a, b) => a - b)
    .map((number) => {
      const members = [...numbers.keys()].filter((index) => numbers[index] === number)
      const looks = ({ node, fields }: (typeof kinds)[number]): boolean =>
        fields.includes('image') || (node.inputs.length === 0 && fields.includes(ANY_FIELD))
      return {
        perFrame: number % 2 === 1,
        nodes: new Set(members),
        needsPictures: members.some((index) => looks(kinds[index]!)),
      }
    })
}
