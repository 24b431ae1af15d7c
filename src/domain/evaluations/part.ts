import type { Input } from '../../contract/index.ts'
import type { Chunk, PackedBox } from '../../evaluation/chunk.ts'
import type { MeasureProcess } from '../../evaluation/process.ts'
import type { Call } from '../call.ts'
import { GONE, type Prediction, predictAll } from './predict.ts'
import { ConceptPlaces, type Subject } from './subject.ts'
import { boxesOf, foundBoxesOf, isLabelled, labelsOf, sizeOf } from './truths.ts'

/** A part of the examples with what the model said, and what became of those that are not in it. */
export interface Part {
  readonly chunk: Chunk
  /** Inputs that were deleted. */
  readonly gone: number
  readonly failed: number
  /** Why the first one that failed did; empty when none did. */
  readonly reason: string
}

/** Lets a model predict inputs of an app; those that nobody has labelled are left out. */
export async function predictPart(
  call: Call,
  subject: Subject,
  process: MeasureProcess,
  appPk: number,
  inputs: readonly Input[],
): Promise<Part> {
  const examples = inputs.filter(({ data }) => data && isLabelled(data))
  const ids = examples.map(({ id }) => id)
  const said = await predictAll(call, subject, process, appPk, ids)
  const good = examples.flatMap((input, at) => {
    const prediction = said[at]!
    return 'error' in prediction ? [] : [{ input, prediction }]
  })
  const errors = said.flatMap((prediction) => ('error' in prediction ? [prediction.error] : []))
  const failures = errors.filter((error) => error !== GONE)
  return {
    chunk: subject.task === 'classification' ? classified(subject, good) : detected(subject, good),
    gone: errors.length - failures.length,
    failed: failures.length,
    reason: failures[0]?.details ?? '',
  }
}

interface Good {
  readonly input: Input
  readonly prediction: Exclude<Prediction, { error: unknown }>
}

function classified({ concepts }: Subject, good: readonly Good[]): Chunk {
  const places = new ConceptPlaces(concepts)
  const width = concepts.length
  const scores = new Float32Array(good.length * width)
  for (const [row, { prediction }] of good.entries()) {
    if ('scores' in prediction) {
      scores.set(prediction.scores, row * width)
      continue
    }
    // What a model does not answer it does not believe in.
    for (const concept of prediction.data.concepts) {
      const place = places.of(concept)
      if (place !== undefined) scores[row * width + place] = concept.value
    }
  }
  return {
    ids: good.map(({ input }) => input.id),
    labels: good.map(({ input }) => labelsOf(input.data!, places)),
    scores,
  }
}

function detected({ concepts }: Subject, good: readonly Good[]): Chunk {
  const places = new ConceptPlaces(concepts)
  const found = good.map(({ prediction }): PackedBox[] =>
    'data' in prediction ? foundBoxesOf(prediction.data, places) : [],
  )
  return {
    ids: good.map(({ input }) => input.id),
    sizes: good.map(({ input }) => sizeOf(input.data!)),
    truths: good.map(({ input }) => boxesOf(input.data!, places)),
    found,
  }
}
