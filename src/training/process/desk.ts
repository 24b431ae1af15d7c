import { createHash } from 'node:crypto'
import { findClusters } from '../clusters.ts'
import { type OnnxProducts, openOnnxProducts } from '../onnx-products.ts'
import { trainProjection } from '../projection.ts'
import type { FromTrainer, ResultOf, Task, ToTrainer } from '../protocol.ts'
import { crossFit, trainHead } from '../train-head.ts'

/** Vectors and state of a task. */
interface Work {
  matrix: Float32Array
  isCancelled: boolean
}

class Cancelled extends Error {}

/** Computes the tasks of the server; several are worked on in turns, step by step. */
export class TrainingDesk {
  readonly #works = new Map<number, Work>()
  readonly #products: Promise<OnnxProducts>
  readonly #send: (message: FromTrainer) => void

  constructor(threads: number, send: (message: FromTrainer) => void) {
    this.#products = openOnnxProducts(threads)
    this.#send = send
  }

  take(asked: Exclude<ToTrainer, { type: 'stop' }>, attachments: readonly Uint8Array[]): void {
    if (asked.type === 'cancel') {
      const work = this.#works.get(asked.id)
      if (work) work.isCancelled = true
    } else if (asked.type === 'part') this.#fill(asked, attachments[0] ?? new Uint8Array(0))
    else void this.#run(asked.id, asked.task)
  }

  #fill({ id, start, total }: Extract<ToTrainer, { type: 'part' }>, bytes: Uint8Array): void {
    const work = this.#workOf(id)
    if (work.matrix.length !== total) work.matrix = new Float32Array(total)
    new Uint8Array(work.matrix.buffer).set(bytes, start * Float32Array.BYTES_PER_ELEMENT)
  }

  #workOf(id: number): Work {
    let work = this.#works.get(id)
    if (!work) {
      work = { matrix: new Float32Array(0), isCancelled: false }
      this.#works.set(id, work)
    }
    return work
  }

  async #run(id: number, task: Task): Promise<void> {
    const work = this.#workOf(id)
    try {
      const hash = hashOf(task, work.matrix)
      const isKnown = task.kind === 'head' && task.unchanged === hash
      const result = isKnown ? undefined : await compute(task, work, await this.#products)
      if (!work.isCancelled) this.#send({ type: 'done', id, result, hash })
    } catch (error) {
      if (!(error instanceof Cancelled)) {
        console.error('a training failed', error)
        this.#send({ type: 'failed', id, details: (error as Error).message })
      }
    } finally {
      this.#works.delete(id)
    }
  }
}

function hashOf(task: Task, matrix: Float32Array): string {
  const hash = createHash('sha256').update(matrix)
  const labels = 'labels' in task ? [task.labels.rows, task.labels.concepts, task.labels.values] : []
  for (const part of labels) hash.update(part)
  return hash.digest('hex')
}

function compute(task: Task, work: Work, products: OnnxProducts): Promise<ResultOf<Task>> {
  const onStep = (): void => {
    if (work.isCancelled) throw new Cancelled()
  }
  const tools = { makeProducts: (matrix: Float32Array, dims: number) => products.of(matrix, dims), onStep }
  const embeddings = work.matrix
  switch (task.kind) {
    case 'head':
      return trainHead({ ...task, embeddings }, tools)
    case 'cross-fit':
      return crossFit({ ...task, embeddings }, task.parts, tools)
    case 'clusters':
      return findClusters({ ...task, embeddings }, products.of(embeddings, task.dims), onStep)
    case 'projection':
      return trainProjection({ ...task, embeddings }, (matrix) => products.of(matrix, task.dims))
  }
}
