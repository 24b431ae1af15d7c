import type { Data, Input } from '../../contract/index.ts'
import type { Chunk, PackedBox } from '../../evaluation/chunk.ts'
import type { MeasureProcess } from '../../evaluation/process.ts'
import type { Call } from '../call.ts'
import { type Moment, momentsIn } from '../training/moments.ts'
import { GONE, type Prediction, predictAll } from './predict.ts'
import { saidAt } from './said.ts'
import type { StoredPredictions } from './stored-predictions.ts'
import { ConceptPlaces, type Subject } from './subject.ts'
import { boxesOf, foundBoxesOf, isLabelled, type Labelled, labelsOf, sizeOf, tracksOf } from './truths.ts'

/** A part of the examples with what the model said, and what became of those that are not in it. */
export interface Part {
  readonly chunk: Chunk
  /** Inputs that were deleted. */
  readonly gone: number
  readonly failed: number
  /** Why the first one that failed did; empty when none did. */
  readonly reason: string
  /** Films of which only the moments failed. */
  readonly films: number
  /** Why those of the first such film did; empty when none did. */
  readonly filmReason: string
}

/** What is to be predicted. */
export interface PartWish {
  readonly appPk: number
  readonly inputs: readonly Input[]
  /** Predictions that are there already. */
  readonly stored?: StoredPredictions | undefined
}

/**
 * Lets a model predict inputs of an app, and the moments of films that are labelled; those that nobody has labelled are
 * left out.
 */
export async function predictPart(
  call: Call,
  subject: Subject,
  process: MeasureProcess,
  { appPk, inputs, stored }: PartWish,
): Promise<Part> {
  const examples = inputs.flatMap((input) => examplesIn(input, subject))
  const ids = [...new Set(examples.map(({ id }) => id))]
  const films = new Set(examples.flatMap(({ id, moment }) => (moment ? [id] : [])))
  const said = stored ? await stored.of(ids) : await predictAll(call, subject, process, { appPk, ids, films })
  const good = examples.flatMap((example): Good[] => {
    const prediction = said.get(example.id)!
    if (prediction.error || (example.moment && prediction.ofMoments)) return []
    return [{ ...example, prediction }]
  })
  const whole = new Set(good.flatMap(({ id, moment }) => (moment ? [] : [id])))
  // A film of which only moments are labelled has failed when those have.
  const errors = [...said].flatMap(
    ([id, { error, ofMoments }]) => error ?? (whole.has(id) ? [] : ofMoments?.error) ?? [],
  )
  const failures = errors.filter((error) => error !== GONE)
  const halves = [...said].flatMap(([id, { ofMoments }]) => (whole.has(id) && ofMoments ? [ofMoments.error] : []))
  return {
    chunk: subject.task === 'classification' ? classified(subject, good) : detected(subject, good),
    gone: errors.length - failures.length,
    failed: failures.length,
    reason: failures[0]?.details ?? '',
    films: halves.length,
    filmReason: halves[0]?.details ?? '',
  }
}

/** An input, or a moment of it, about which something is known. */
interface Example {
  readonly id: string
  readonly data: Data
  readonly labels: Labelled
  readonly moment?: Moment
}

function examplesIn({ id, data }: Input, { task }: Subject): Example[] {
  if (!data) return []
  const whole = isLabelled(data) ? [{ id, data, labels: data }] : []
  const told = momentsIn(data).filter(
    // Boxes are in frames, not in stretches.
    ({ moment, ...labels }) => isLabelled(labels) && (task === 'classification' || moment.fromMs === moment.toMs),
  )
  return [...whole, ...told.map(({ moment, ...labels }) => ({ id, data, labels, moment }))]
}

interface Good extends Example {
  readonly prediction: Exclude<Prediction, { error: unknown }>
}

function classified({ concepts }: Subject, good: readonly Good[]): Chunk {
  const places = new ConceptPlaces(concepts)
  const width = concepts.length
  const scores = new Float32Array(good.length * width)
  for (const [row, { prediction, moment }] of good.entries()) {
    if (prediction.scores && !moment) {
      scores.set(prediction.scores, row * width)
      continue
    }
    // What a model does not answer it does not believe in.
    for (const concept of saidAt(prediction.data, moment).concepts) {
      const place = places.of(concept)
      if (place !== undefined) scores[row * width + place] = concept.value
    }
  }
  return { ids: good.map(({ id }) => id), labels: good.map(({ labels }) => labelsOf(labels, places)), scores }
}

function detected({ concepts }: Subject, good: readonly Good[]): Chunk {
  const places = new ConceptPlaces(concepts)
  return {
    ids: good.map(({ id }) => id),
    sizes: good.map(({ data }) => sizeOf(data)),
    truths: good.map(({ labels }) => boxesOf(labels, places)),
    found: good.map(({ prediction, moment }): PackedBox[] => foundBoxesOf(saidAt(prediction.data, moment), places)),
    tracks: good.map(({ labels, prediction, moment }) =>
      moment
        ? { truths: tracksOf(labels, places, true), found: tracksOf(saidAt(prediction.data, moment), places) }
        : null,
    ),
  }
}
