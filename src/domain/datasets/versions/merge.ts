import type { Concept, Data, Frame } from '../../../contract/index.ts'
import { isEmptyData } from '../../annotations/check-data.ts'

/**
 * Puts what annotations say into the data of their input, which then holds everything at once: labels of the whole (of
 * two about one concept the later counts), regions, frames with one entry for each point in time, time segments and
 * tracks. Says whether there was anything.
 */
export function mergeAnnotations(into: Data, annotations: readonly Data[]): boolean {
  const said = annotations.filter((data) => !isEmptyData(data))
  const isText = into.text !== undefined
  for (const data of said) {
    addConcepts(into, data.concepts)
    into.regions.push(...data.regions)
    for (const frame of data.frames) addFrame(into, frame)
    into.timeSegments.push(...data.timeSegments)
    into.tracks.push(...data.tracks)
    into.clusters.push(...data.clusters)
    if (data.metadata) into.metadata = { ...into.metadata, ...data.metadata }
    if (data.geo) into.geo = data.geo
    // A text input is its own text; on others an annotation's text is a caption or what is written there.
    if (data.text && !isText) into.text = data.text
  }
  return said.length > 0
}

function addConcepts(into: Data, concepts: readonly Concept[]): void {
  for (const concept of concepts) {
    const at = into.concepts.findIndex(({ id }) => id === concept.id)
    if (at < 0) into.concepts.push(concept)
    else into.concepts[at] = concept
  }
}

function addFrame(into: Data, frame: Frame): void {
  const { time = 0, number = 0 } = frame.frameInfo ?? {}
  const known = into.frames.find(
    ({ frameInfo }) => (frameInfo?.time ?? 0) === time && (frameInfo?.number ?? 0) === number,
  )
  if (!known?.data || !frame.data) {
    into.frames.push(frame)
    return
  }
  addConcepts(known.data, frame.data.concepts)
  known.data.regions.push(...frame.data.regions)
}
