import type { Calibration } from './calibrate.ts'

/** What is said of examples, as a list: example, concept, how far it applies (0 to 1), and how much that counts. */
export interface Labels {
  readonly rows: Int32Array
  readonly concepts: Int32Array
  readonly values: Float32Array
  /** 1 each when left out. */
  readonly weights?: Float32Array
}

/** Settings of a training that change what comes out of it. */
export interface Hyper {
  /** Inverse of the weight decay, for vectors of mean square length 1 (`C` of scikit-learn on such vectors). */
  readonly strength?: number
  /** Weight of each concept's positives; `balanced` makes them weigh as much as its negatives. */
  readonly classWeights?: 'none' | 'balanced' | readonly number[]
  /** Examples that have other concepts count as negatives of one that has fewer negatives than positives. */
  readonly assumeNegatives?: boolean
  readonly calibrate?: boolean
  readonly seed?: number
  /** See TOLERANCE. */
  readonly tolerance?: number
  readonly stepsMax?: number
}

/** A head to be trained. */
export interface HeadOrder {
  /**
   * Vectors of the examples (examples x dims, row by row). Rows with a number that is not finite are set to 0 and not
   * learned from.
   */
  readonly embeddings: Float32Array
  readonly dims: number
  readonly concepts: number
  readonly labels: Labels
  /** How much each example counts; 1 each when left out. */
  readonly rowWeights?: Float32Array
  /** Each example has exactly one concept (softmax); else each concept stands by itself (sigmoid). */
  readonly mutuallyExclusive: boolean
  readonly hyper?: Hyper
  /**
   * What each example belongs to (its input), by number: examples of one group are held out together, and the same ones
   * with every training. Each example by itself, by its place, when left out.
   */
  readonly groups?: Int32Array
  /** Where to begin: a head of the same or of some of the concepts makes it faster, not different. */
  readonly start?: HeadStart
  /** Where the head that only calibrates begins, as `held` of TrainedHead. `start` has seen what that one must not see. */
  readonly heldStart?: HeadStart
}

/** A linear head: rows of weights (concepts x dims) and biases, for vectors as they come. */
export interface HeadWeights {
  readonly weights: Float32Array
  readonly bias: Float32Array
}

/** A head to begin with, not calibrated; concepts with 0 in `known` begin with nothing. */
export interface HeadStart extends HeadWeights {
  readonly known?: Uint8Array
}

/** How training went. */
export interface HeadLog {
  readonly examples: number
  /** Examples with a number that is not finite. */
  readonly dropped: number
  /** Pairs of example and concept about which different things are said; the mean counts. */
  readonly contradictions: number
  readonly concepts: readonly ConceptLog[]
  /** Largest number of steps that any concept took. */
  readonly steps: number
  readonly loss: number
}

/** What there was to learn one concept from. */
export interface ConceptLog {
  readonly positives: number
  readonly negatives: number
  /** Of the negatives, those that nobody has labelled so. */
  readonly assumed: number
  /** Nothing could be learned, since there was nothing to tell apart: the value is the same for every input. */
  readonly constant: boolean
}

/** A head that has been trained, calibrated where there were enough examples for it. */
export interface TrainedHead extends HeadWeights {
  readonly calibration?: Calibration
  /** The head without the held-out part that found the calibration, where there was one such head. */
  readonly held?: HeadWeights
  readonly log: HeadLog
}
