import type { ClusterOrder, Clusters } from './clusters.ts'
import type { Projection } from './projection.ts'
import type { CrossFitted } from './train-head.ts'
import type { HeadOrder, TrainedHead } from './types.ts'

/** What the server tells the training process when it starts it, as JSON in its only argument. */
export interface TrainerSettings {
  readonly parentPid: number
  /** Threads of matrix products. */
  readonly threads: number
}

/** Something to be computed, without its vectors, which are sent before it. */
export type Task =
  /** Nothing is computed where the data have the hash `unchanged`. */
  | ({ readonly kind: 'head'; readonly unchanged?: string } & Omit<HeadOrder, 'embeddings'>)
  | ({ readonly kind: 'projection' } & Omit<HeadOrder, 'embeddings'>)
  | ({ readonly kind: 'clusters' } & Omit<ClusterOrder, 'embeddings'>)
  /** What cross-validation is made of: scores by heads that have not seen the examples, in `parts` parts. */
  | ({ readonly kind: 'cross-fit'; readonly parts: number } & Omit<HeadOrder, 'embeddings'>)

/** What comes of a task, with the SHA-256 of its vectors and labels in hexadecimal. */
export interface Computed<T extends Task> {
  readonly result: ResultOf<T>
  readonly hash: string
}

/** What comes of a task, by its kind. */
export type ResultOf<T extends Task> = T extends { readonly kind: 'head' }
  ? TrainedHead | undefined
  : T extends { readonly kind: 'projection' }
    ? Projection
    : T extends { readonly kind: 'clusters' }
      ? Clusters
      : T extends { readonly kind: 'cross-fit' }
        ? CrossFitted
        : never

export type ToTrainer =
  /** The attachment holds float32 of the matrix of a task, from a number on; `total` numbers in all. */
  | { readonly type: 'part'; readonly id: number; readonly start: number; readonly total: number }
  | { readonly type: 'run'; readonly id: number; readonly task: Task }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'stop' }

export type FromTrainer =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly result: ResultOf<Task>; readonly hash: string }
  | { readonly type: 'failed'; readonly id: number; readonly details: string }
