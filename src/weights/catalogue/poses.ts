/** Weights for posture: one body, several bodies at once. */
import type { Catalogue, SourceFile, WeightSource } from '../manifest-types.ts'
import { HUMAN, HUMAN_MODELS } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

/** What tells the MoveNet networks for one body apart. */
interface SinglePose extends Pick<WeightSource, 'title' | 'package' | 'provenance' | 'diskBytes'> {
  /** Of the files in the package and of the kept one. */
  readonly name: string
  readonly manifest: Omit<SourceFile, 'path'>
  readonly weights: Omit<SourceFile, 'path'>
  readonly sidePx: number
}

const singlePose = ({ name, manifest, weights, sidePx, ...rest }: SinglePose) =>
  ({
    ...rest,
    files: [
      { path: `models/${name}.json`, ...manifest },
      { path: `models/${name}.bin`, ...weights },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: `models/${name}.json`,
      weights: [`models/${name}.bin`],
      cut: {
        // Behind the cast, so that the model takes floats like all others.
        inputs: [{ tensor: 'StatefulPartitionedCall/Cast', as: 'input', shape: [1, sidePx, sidePx, 3] }],
        outputs: [{ tensor: 'Identity', as: 'points' }],
      },
    },
    outputs: {
      model: {
        file: `${name}.onnx`,
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, sidePx, sidePx, 3],
            meaning: 'RGB channels last, 0..255, letterboxed with black to a square',
          },
        ],
        outputs: [
          {
            name: 'points',
            dtype: 'float32',
            shape: [1, 1, 17, 3],
            meaning: 'y, x as fractions of the square and score of each point in the order of COCO',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
  }) as const satisfies WeightSource

export const poseWeights = {
  'movenet-lightning': singlePose({
    title: 'MoveNet Lightning, 17 points of one body',
    package: HUMAN,
    name: 'movenet-lightning',
    manifest: { bytes: 161_813, sha256: 'df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9' },
    weights: { bytes: 4_650_216, sha256: 'bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34' },
    sidePx: 192,
    provenance: 'MoveNet SinglePose Lightning of Google in TensorFlow.js form, as packed by the author of Human.',
    diskBytes: 9_400_000,
  }),
  'movenet-thunder': singlePose({
    title: 'MoveNet Thunder, 17 points of one body, more exact',
    package: HUMAN_MODELS,
    name: 'movenet-thunder',
    manifest: { bytes: 161_923, sha256: '7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6' },
    weights: { bytes: 12_477_112, sha256: 'a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c' },
    sidePx: 256,
    provenance: 'MoveNet SinglePose Thunder of Google in TensorFlow.js form, as packed by the author of Human.',
    diskBytes: 24_980_000,
  }),
  'movenet-multipose': {
    title: 'MoveNet MultiPose, 17 points of up to six bodies',
    package: HUMAN_MODELS,
    files: [
      {
        path: 'models/movenet-multipose.json',
        bytes: 240_464,
        sha256: '3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de',
      },
      {
        path: 'models/movenet-multipose.bin',
        bytes: 9_448_838,
        sha256: '19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/movenet-multipose.json',
      weights: ['models/movenet-multipose.bin'],
      cut: {
        inputs: [{ tensor: 'StatefulPartitionedCall/Cast', as: 'input', shape: [1, 256, 256, 3] }],
        outputs: [{ tensor: 'Identity', as: 'people' }],
      },
    },
    outputs: {
      model: {
        file: 'movenet-multipose.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 256, 256, 3],
            meaning: 'RGB channels last, 0..255, letterboxed with black to a square',
          },
        ],
        outputs: [
          {
            name: 'people',
            dtype: 'float32',
            shape: [1, 6, 56],
            meaning:
              'per person 17 times y, x, score, then ymin, xmin, ymax, xmax and score; all as fractions of the square',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'MoveNet MultiPose Lightning of Google in TensorFlow.js form, as packed by the author of Human.',
    diskBytes: 19_030_000,
  },
} as const satisfies Catalogue
