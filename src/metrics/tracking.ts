import { overlap } from '../engines/boxes.ts'
import { assign } from '../engines/operators/tracking/assign.ts'
import { share } from './curves.ts'
import { Detection } from './detection.ts'
import type { FoundBox, TrueBox } from './matching.ts'
import type { Spool } from './spool.ts'

/** A box of a thing that goes through a film. */
export interface TrackBox extends Omit<TrueBox, 'concept'> {
  /** The same in all frames of the film for one thing. */
  readonly track: string
}

/** A box that a tracker has made. */
export interface FoundTrackBox extends TrackBox {
  readonly score: number
}

/** How well things of one concept were followed. */
export interface TrackingResult {
  /** 1 less misses, false boxes and switches over true boxes (CLEAR MOT); below 0 when there are more of them. */
  readonly mota: number
  /** How often a thing got the id of another track than the last time that it was found. */
  readonly switches: number
  /** Share of the things whose id was ever switched; the second with each frame matched anew, whatever was before. */
  readonly switchedShare: number
  readonly switchedShareAnew: number
  /** Area under the curve of precision over recall of the boxes at an overlap of 0.5, over all frames. */
  readonly averagePrecision: number
}

/** Lowest overlap (IoU) at which a track's box may be that of a thing. */
const OVERLAP_MIN = 0.5

/** Which track each thing was given, frame by frame. */
class Ids {
  readonly last = new Map<string, string>()
  readonly switched = new Set<string>()
  switches = 0

  take(thing: string, track: string): void {
    const before = this.last.get(thing)
    if (before !== undefined && before !== track) {
      this.switches++
      this.switched.add(thing)
    }
    this.last.set(thing, track)
  }
}

/** Takes films one after the other, frame by frame, of one concept. */
export class Tracking {
  readonly #boxes: Detection
  #things = 0
  #switched = 0
  #switchedAnew = 0
  #switches = 0
  #truths = 0
  #wrong = 0

  constructor(spool: Spool) {
    this.#boxes = new Detection(1, spool)
  }

  /** Takes a film: of each frame the true boxes and those that the tracker has made. */
  addFilm(frames: Iterable<{ readonly truths: readonly TrackBox[]; readonly found: readonly FoundTrackBox[] }>): void {
    const [kept, anew] = [new Ids(), new Ids()]
    const things = new Set<string>()
    for (const { truths, found } of frames) {
      const box = <B extends TrackBox>(one: B) => ({ ...one, concept: 0 })
      this.#boxes.add(truths.map(box) as TrueBox[], found.map(box) as FoundBox[], false)
      for (const { track } of truths) things.add(track)
      const pairs = matchFrame(truths, found, kept.last)
      for (const [truth, made] of pairs) kept.take(truths[truth]!.track, found[made]!.track)
      for (const [truth, made] of matchFrame(truths, found, new Map())) {
        anew.take(truths[truth]!.track, found[made]!.track)
      }
      this.#truths += truths.length
      this.#wrong += truths.length + found.length - 2 * pairs.length
    }
    this.#things += things.size
    this.#switches += kept.switches
    this.#switched += kept.switched.size
    this.#switchedAnew += anew.switched.size
  }

  /** What the films so far say. */
  result(): TrackingResult {
    return {
      mota: this.#truths === 0 ? 0 : 1 - (this.#wrong + this.#switches) / this.#truths,
      switches: this.#switches,
      switchedShare: share(this.#switched, this.#things),
      switchedShareAnew: share(this.#switchedAnew, this.#things),
      averagePrecision: this.#boxes.result().meanAveragePrecision50,
    }
  }
}

/** Pairs of true and found boxes: first those that go on from before, then the rest by the largest overlap in all. */
function matchFrame(
  truths: readonly TrackBox[],
  found: readonly FoundTrackBox[],
  last: ReadonlyMap<string, string>,
): [number, number][] {
  const pairs: [number, number][] = []
  const taken = new Set<number>()
  const open: number[] = []
  for (const [at, truth] of truths.entries()) {
    const track = last.get(truth.track)
    const made = track === undefined ? -1 : found.findIndex((one, which) => one.track === track && !taken.has(which))
    if (made >= 0 && overlap(truth, found[made]!) >= OVERLAP_MIN) {
      taken.add(made)
      pairs.push([at, made])
    } else open.push(at)
  }
  const free = found.map((_, at) => at).filter((at) => !taken.has(at))
  const costs = open.map((truth) => free.map((made) => 1 - overlap(truths[truth]!, found[made]!)))
  for (const { row, column } of assign(costs, 1 - OVERLAP_MIN)) pairs.push([open[row]!, free[column]!])
  return pairs
}
