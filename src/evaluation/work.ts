import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Concept } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { headOf, type LinearHead, scoresOf } from '../engines/embedding-classifier.ts'
import { Classification } from '../metrics/classification.ts'
import { Detection } from '../metrics/detection.ts'
import { fileSpool } from '../metrics/spool.ts'
import { type ClassifiedChunk, type DetectedChunk, isClassified, type PackedBox, readChunk } from './chunk.ts'
import { classificationFigures, detectionFigures } from './messages.ts'
import type { FromMeasure, MeasureOrder, ToMeasure } from './protocol.ts'
import { TrackedFilms } from './tracked-films.ts'

/** The work of the process that measures: vectors become scores, predictions become figures. */
export class MeasureWork {
  #order: MeasureOrder | undefined
  #metrics: Classification | Detection | undefined
  #head: LinearHead | undefined
  #tracks: TrackedFilms | undefined
  #examples = 0
  /** Whether figures can say anything: some example has a concept, and for classifiers another has it not. */
  readonly #has = new Set<number>()
  readonly #hasNot = new Set<number>()

  /** Answers a message; throws AppError for what is wrong with the predictions. */
  take(message: ToMeasure): FromMeasure {
    switch (message.type) {
      case 'begin':
        this.#begin(message.order)
        return { type: 'done' }
      case 'score':
        return { type: 'scores', scores: this.#score(message.vectors, message.dimensions) }
      case 'add':
        this.#add(message.content)
        return { type: 'done' }
      case 'figures':
        return this.#figures()
    }
  }

  #begin(order: MeasureOrder): void {
    const { task, concepts, splits, head, spoolDir } = order
    const spool = fileSpool(join(spoolDir, `evaluation-${randomUUID()}`))
    this.#order = order
    this.#metrics =
      task === 'classification'
        ? new Classification(concepts.length, spool, splits)
        : new Detection(concepts.length, spool)
    this.#tracks = new TrackedFilms(() => fileSpool(join(spoolDir, `evaluation-${randomUUID()}`)))
    this.#head = head && headOf({ params: head, concepts: concepts as unknown as readonly Concept[] } as never)
  }

  #score(vectors: Float32Array, dimensions: number): Float32Array {
    const head = this.#head
    if (!head) throw new Error('there is no head to score with')
    const width = head.rows.length
    const rows = vectors.length / dimensions
    const scores = new Float32Array(rows * width)
    for (let row = 0; row < rows; row++) {
      const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions)
      scores.set(scoresOf(head, vector), row * width)
    }
    return scores
  }

  #add(content: Uint8Array): void {
    const chunk = readChunk(content)
    this.#examples += chunk.ids.length
    try {
      if (isClassified(chunk)) this.#addClassified(chunk)
      else this.#addDetected(chunk)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new AppError(
        StatusCode.MODEL_EVALUATION_FAILED,
        `The model answered something that cannot be measured: ${error.message}; check its weights.`,
      )
    }
  }

  #addClassified({ labels, scores, splits }: ClassifiedChunk): void {
    const metrics = this.#metrics as Classification
    const width = this.#order!.concepts.length
    for (const [row, own] of labels.entries()) {
      metrics.add(scores.subarray(row * width, (row + 1) * width), own, splits?.[row] ?? 0)
      const has = new Set(own)
      for (let at = 0; at < width; at++) (has.has(at) ? this.#has : this.#hasNot).add(at)
    }
  }

  #addDetected(chunk: DetectedChunk): void {
    const { sizes, truths, found } = chunk
    const metrics = this.#metrics as Detection
    this.#tracks!.add(chunk)
    for (const [row, size] of sizes.entries()) {
      const [width, height] = size ?? [1, 1]
      const box = ([concept, top, left, bottom, right]: PackedBox) => ({
        concept: concept!,
        top: top! * height,
        left: left! * width,
        bottom: bottom! * height,
        right: right! * width,
      })
      for (const [concept] of truths[row]!) this.#has.add(concept!)
      metrics.add(
        truths[row]!.map(box),
        found[row]!.map((packed) => ({ ...box(packed), score: packed[5]! })),
        size !== null,
      )
    }
  }

  #figures(): FromMeasure {
    const { concepts } = this.#order!
    if (this.#examples === 0) {
      throw new AppError(
        StatusCode.MODEL_EVALUATION_NEED_INPUTS,
        'There is no labelled input to evaluate with; label some with the concepts of the model, or name a dataset.',
      )
    }
    const metrics = this.#metrics!
    if (metrics instanceof Detection) {
      if (this.#has.size === 0) {
        throw new AppError(
          StatusCode.MODEL_EVALUATION_NEED_LABELS,
          'No region is labelled with a concept of the model; label some boxes first.',
        )
      }
      const figures = detectionFigures(metrics.result(), concepts, this.#tracks!.results())
      return { type: 'figures', figures }
    }
    if (![...this.#has].some((concept) => this.#hasNot.has(concept))) {
      throw new AppError(
        StatusCode.MODEL_EVALUATION_NEED_LABELS,
        'No concept of the model has both inputs that show it and inputs that do not; label inputs with at least two concepts.',
      )
    }
    return { type: 'figures', figures: classificationFigures(metrics.result(), concepts) }
  }
}
