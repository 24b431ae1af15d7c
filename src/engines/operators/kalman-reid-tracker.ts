import type { JsonObject } from '@bufbuild/protobuf'
import { choiceParam, countParam, invalidParam, numberParam } from '../params.ts'
import { MAX_LIVE_TRACKS, MAX_TRACKER_DISTANCE } from './limits.ts'
import { assign } from './tracking/assign.ts'
import { cosineDistance } from './tracking/distance.ts'
import { kalmanSettings } from './tracking/kalman-settings.ts'
import { type Followed, type Identities, KalmanTracker } from './tracking/kalman-tracker.ts'
import { type Track, tracker } from './tracking/tracker.ts'
import { packVector, unpackVector, VECTOR_MEMORIES, type VectorMemory } from './tracking/vector-memory.ts'

/** Longest time for which a track may be called back, in frames. */
export const MAX_DEAD_FRAMES = 100_000

interface Settings {
  readonly maxDistance: number
  readonly maxDead: number
  readonly memory: () => VectorMemory
}

interface Gone {
  readonly track: Track
  readonly label: string
  readonly embedding: readonly number[]
  frames: number
}

/**
 * Tracks like kalman-filter-hungarian-tracker, and gives a thing that comes back its old id: a new track whose vector
 * is no further than `max_emb_distance` (1 less the cosine) from that of a track given up at most `max_dead` frames
 * ago continues it. `var_tracker` says how a track's vectors are taken together.
 */
export const kalmanReidTracker = tracker('kalman-reid-tracker', ({ params }) => {
  const settings = kalmanSettings(params)
  const reid = reidSettings(params)
  return () => new KalmanTracker(settings, new Reidentifier(reid))
})

function reidSettings(params: JsonObject): Settings {
  if (params.reid_model_path) {
    throw invalidParam('The parameter reid_model_path names a model that this server does not have; leave it empty.')
  }
  const kinds = Object.keys(VECTOR_MEMORIES) as (keyof typeof VECTOR_MEMORIES)[]
  return {
    maxDistance: numberParam(params, 'max_emb_distance', { otherwise: 0.3, min: 0, max: MAX_TRACKER_DISTANCE }),
    maxDead: countParam(params, 'max_dead', { otherwise: 500, min: 1, max: MAX_DEAD_FRAMES }),
    memory: VECTOR_MEMORIES[choiceParam(params, 'var_tracker', kinds, 'na')],
  }
}

type SavedGone = readonly (Omit<Gone, 'embedding'> & { readonly embedding: string })[]

class Reidentifier implements Identities<SavedGone> {
  readonly #settings: Settings
  #gone: Gone[] = []

  constructor(settings: Settings) {
    this.#settings = settings
  }

  nextFrame(): void {
    for (const gone of this.#gone) gone.frames++
    this.#gone = this.#gone.filter(({ frames }) => frames <= this.#settings.maxDead)
  }

  save(most: number): SavedGone {
    const newest = most === 0 ? [] : this.#gone.slice(-most)
    return newest.map((one) => ({ ...one, embedding: packVector(one.embedding) }))
  }

  restore(saved: SavedGone): void {
    this.#gone = saved.map((one) => ({ ...one, embedding: unpackVector(one.embedding) }))
  }

  memory(): VectorMemory {
    return this.#settings.memory()
  }

  gone({ track, label, vectors }: Followed): void {
    const embedding = vectors.value
    if (!embedding) return
    this.#gone.push({ track, label, embedding, frames: 0 })
    if (this.#gone.length > MAX_LIVE_TRACKS) this.#gone.shift()
  }

  recognise(begun: readonly Followed[]): ReadonlyMap<Followed, Track> {
    const candidates = begun.filter(({ vectors }) => vectors.value)
    const costs = candidates.map(({ label, vectors }) =>
      this.#gone.map((gone) =>
        label === gone.label
          ? (cosineDistance(vectors.value, gone.embedding) ?? Number.POSITIVE_INFINITY)
          : Number.POSITIVE_INFINITY,
      ),
    )
    const pairs = assign(costs, this.#settings.maxDistance)
    const found = new Map(pairs.map(({ row, column }) => [candidates[row]!, this.#gone[column]!.track]))
    const back = new Set(found.values())
    this.#gone = this.#gone.filter(({ track }) => !back.has(track))
    return found
  }
}
