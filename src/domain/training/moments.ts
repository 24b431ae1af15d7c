import type { Concept, Data, Frame, Region } from '../../contract/index.ts'

/** A frame of a film (both times are the same) or a stretch of it, in milliseconds. */
export interface Moment {
  readonly fromMs: number
  readonly toMs: number
}

/** A moment of a film with what is said about it. */
export interface ToldMoment {
  readonly moment: Moment
  readonly concepts: readonly Concept[]
  /** Of a frame. */
  readonly regions: readonly Region[]
}

/** Names a moment among those of one film. */
export const momentKey = ({ fromMs, toMs }: Moment): string =>
  fromMs === toMs ? `frame ${fromMs}` : `segment ${fromMs} ${toMs}`

/** What is said about frames and time segments in data, each once however many annotations say it; first the earliest. */
export function momentsIn({ frames, timeSegments }: Pick<Data, 'frames' | 'timeSegments'>): ToldMoment[] {
  const found = new Map<string, ToldMoment & { readonly concepts: Concept[]; readonly regions: Region[] }>()
  const add = (moment: Moment, data: Data | undefined): void => {
    if (!data) return
    const key = momentKey(moment)
    const told = found.get(key) ?? { moment, concepts: [], regions: [] }
    found.set(key, told)
    told.concepts.push(...data.concepts)
    told.regions.push(...data.regions)
  }
  for (const { frameInfo, data } of frames) {
    if (frameInfo) add({ fromMs: frameInfo.time, toMs: frameInfo.time }, data)
  }
  for (const { timeInfo, data } of timeSegments) {
    // Times of segments are seconds, those of frames milliseconds.
    if (timeInfo)
      add({ fromMs: Math.round(timeInfo.beginTime * 1_000), toMs: Math.round(timeInfo.endTime * 1_000) }, data)
  }
  return [...found.values()].sort((a, b) => a.moment.fromMs - b.moment.fromMs || a.moment.toMs - b.moment.toMs)
}

/** The sampled frames that lie in a moment; without any the one that is nearest to its middle. */
export function framesAt(frames: readonly Frame[], { fromMs, toMs }: Moment): readonly Frame[] {
  const timeOf = ({ frameInfo }: Frame): number => frameInfo?.time ?? 0
  const inside = frames.filter((frame) => timeOf(frame) >= fromMs && timeOf(frame) <= toMs)
  if (inside.length > 0 || frames.length === 0) return inside
  const away = (frame: Frame): number => Math.abs(timeOf(frame) - (fromMs + toMs) / 2)
  return [frames.reduce((best, frame) => (away(frame) < away(best) ? frame : best))]
}
