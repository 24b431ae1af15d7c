import type { Concept, Data, Region } from '../../contract/index.ts'
import type { PackedBox } from '../../evaluation/chunk.ts'
import type { ConceptPlaces } from './subject.ts'

/** From this value on a label says that the concept is there; below, that it is not. */
const PRESENT = 0.5

/** What may have labels: an input, or a moment of a film. */
export type Labelled = { readonly concepts: readonly Concept[]; readonly regions: readonly Region[] }

/** Whether anybody has said anything about it; of what nothing is known proves nothing. */
export const isLabelled = ({ concepts, regions }: Labelled): boolean =>
  concepts.length > 0 || regions.some(({ data }) => (data?.concepts.length ?? 0) > 0)

const present = (concepts: readonly Concept[], places: ConceptPlaces): number[] =>
  concepts.flatMap((concept) => (concept.value >= PRESENT ? (places.of(concept) ?? []) : []))

/** Places of the concepts that an input has, as a whole or somewhere in it. */
export function labelsOf({ concepts, regions }: Labelled, places: ConceptPlaces): number[] {
  const all = [...concepts, ...regions.flatMap(({ data }) => data?.concepts ?? [])]
  return [...new Set(present(all, places))].sort((a, b) => a - b)
}

/** The labelled boxes of a picture; polygons count by the box around them. */
export const boxesOf = ({ regions }: Labelled, places: ConceptPlaces): PackedBox[] =>
  regions.flatMap((region) => {
    const box = edgesOf(region)
    return box ? present(region.data?.concepts ?? [], places).map((place) => [place, ...box]) : []
  })

/** The boxes that a model has found, each once for every concept that it may show. */
export const foundBoxesOf = ({ regions }: Pick<Labelled, 'regions'>, places: ConceptPlaces): PackedBox[] =>
  regions.flatMap((region) => {
    const box = edgesOf(region)
    if (!box) return []
    return (region.data?.concepts ?? []).flatMap((concept) => {
      const place = places.of(concept)
      return place === undefined ? [] : [[place, ...box, concept.value]]
    })
  })

/** The track of each box of `boxesOf`, or of `foundBoxesOf`, in their order; empty for a box of no track. */
export const tracksOf = ({ regions }: Pick<Labelled, 'regions'>, places: ConceptPlaces, isTrue = false): string[] =>
  regions.flatMap((region) => {
    if (!edgesOf(region)) return []
    const concepts = region.data?.concepts ?? []
    const own = isTrue ? present(concepts, places) : concepts.flatMap((concept) => places.of(concept) ?? [])
    return own.map(() => region.trackId)
  })

/** Top, left, bottom and right as shares of the picture; undefined for what is no box. */
function edgesOf({ regionInfo }: Region): readonly number[] | undefined {
  const box = regionInfo?.boundingBox
  if (box) return [box.topRow, box.leftCol, box.bottomRow, box.rightCol]
  const points = regionInfo?.polygon?.points ?? []
  if (points.length === 0) return undefined
  const rows = points.map(({ row }) => row)
  const columns = points.map(({ col }) => col)
  return [Math.min(...rows), Math.min(...columns), Math.max(...rows), Math.max(...columns)]
}

/** Width and height of a picture in pixels; null where they are not known. */
export function sizeOf({ image }: Data): readonly [number, number] | null {
  const { width = 0, height = 0 } = image?.imageInfo ?? {}
  return width > 0 && height > 0 ? [width, height] : null
}
