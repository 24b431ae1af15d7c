import type { Spool } from '../metrics/spool.ts'
import { Tracking, type TrackingResult } from '../metrics/tracking.ts'
import type { DetectedChunk, PackedBox } from './chunk.ts'

/** Finds in chunks the films of which people and model have marked tracks, and measures those, concept by concept. */
export class TrackedFilms {
  readonly #makeSpool: () => Spool
  readonly #concepts = new Map<number, Tracking>()
  readonly #followed = new Set<number>()
  /** Whether the model gives tracks at all: without any there is nothing to say about how well it does. */
  #tracks = false

  constructor(makeSpool: () => Spool) {
    this.#makeSpool = makeSpool
  }

  add({ ids, truths, found, tracks = [] }: DetectedChunk): void {
    for (let start = 0; start < ids.length; start++) {
      if (!tracks[start]) continue
      let end = start + 1
      while (end < ids.length && ids[end] === ids[start] && tracks[end]) end++
      const frames = Array.from({ length: end - start }, (_, at) => ({
        truths: tracked(truths[start + at]!, tracks[start + at]!.truths),
        found: tracked(found[start + at]!, tracks[start + at]!.found),
      }))
      this.#addFilm(frames)
      start = end - 1
    }
  }

  #addFilm(frames: readonly { readonly truths: readonly Tracked[]; readonly found: readonly Tracked[] }[]): void {
    this.#tracks ||= frames.some(({ found }) => found.length > 0)
    for (const { concept } of frames.flatMap(({ truths }) => truths)) this.#followed.add(concept)
    const concepts = new Set(frames.flatMap(({ truths, found }) => [...truths, ...found].map(({ concept }) => concept)))
    for (const concept of concepts) {
      const tracking = this.#concepts.get(concept) ?? new Tracking(this.#makeSpool())
      this.#concepts.set(concept, tracking)
      const own = (boxes: readonly Tracked[]): Tracked[] => boxes.filter((box) => box.concept === concept)
      tracking.addFilm(frames.map(({ truths, found }) => ({ truths: own(truths), found: own(found) })))
    }
  }

  /** What was found out about each concept that people have followed, by its place. */
  results(): { readonly concept: number; readonly result: TrackingResult }[] {
    if (!this.#tracks) return []
    return [...this.#concepts]
      .filter(([concept]) => this.#followed.has(concept))
      .sort(([a], [b]) => a - b)
      .map(([concept, tracking]) => ({ concept, result: tracking.result() }))
  }
}

interface Tracked {
  readonly concept: number
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
  readonly score: number
  readonly track: string
}

/** The boxes that belong to a track. */
const tracked = (boxes: readonly PackedBox[], tracks: readonly string[]): Tracked[] =>
  boxes.flatMap(([concept, top, left, bottom, right, score = 1], at) =>
    tracks[at]
      ? [{ concept: concept!, top: top!, left: left!, bottom: bottom!, right: right!, score, track: tracks[at] }]
      : [],
  )
