import type { JsonObject } from '@bufbuild/protobuf'
import { booleanParam, choiceParam, countParam, numberParam, numbersParam } from '../../params.ts'
import { MAX_TRACKER_DISTANCE, MAX_TRACKER_FRAMES } from '../limits.ts'
import { DISTANCES, type Distance } from './distance.ts'

/** Rounds of association that `association_confidence` may name. */
export const MAX_ROUNDS = 10
/** Largest variance that a parameter may name. */
export const MAX_VARIANCE = 1_000_000

/** Settings of the trackers that predict by Kalman filters; see the model types for what each means. */
export interface KalmanSettings {
  readonly maxDistance: number
  readonly maxDisappeared: number
  /** Least confidence of a detection in each round of association. */
  readonly rounds: readonly number[]
  readonly distance: Distance
  readonly covariance: number
  readonly observation: number
  readonly newTrack: number
  readonly projectFrames: number
  readonly detectedBoxFrames: number
  readonly projectOn: boolean
  readonly fixSize: boolean
  readonly fallBack: number
  readonly keepInImage: boolean
  readonly matchLimitRatio: number
  readonly matchLimitMin: number
  readonly ruleOut: boolean
  /** Answer the smoothed value of a track instead of the detected one. */
  readonly smoothValue: boolean
}

/** Reads the parameters; throws AppError 21202 for those that cannot be used. */
export function kalmanSettings(params: JsonObject): KalmanSettings {
  const number = (name: string, otherwise: number, min: number, max: number) =>
    numberParam(params, name, { otherwise, min, max })
  const frames = (name: string, otherwise: number) =>
    countParam(params, name, { otherwise, min: 0, max: MAX_TRACKER_FRAMES })
  const metrics = Object.keys(DISTANCES) as (keyof typeof DISTANCES)[]
  const metric = choiceParam(params, 'distance_metric', metrics, 'centroid_distance')
  return {
    maxDistance: number('max_distance', 0.4, 0, MAX_TRACKER_DISTANCE),
    maxDisappeared: frames('max_disappeared', 15),
    rounds: numbersParam(params, 'association_confidence', { otherwise: [0], min: 0, max: 1, most: MAX_ROUNDS }),
    distance: DISTANCES[booleanParam(params, 'has_embedding', false) ? 'visual_and_iou' : metric],
    covariance: number('covariance_error', 1, 0, MAX_VARIANCE),
    observation: number('observation_error', 0.1, 0, MAX_VARIANCE),
    newTrack: number('initialization_confidence', 0, 0, 1),
    projectFrames: frames('project_track', 0),
    detectedBoxFrames: frames('use_detect_box', 1),
    projectOn: booleanParam(params, 'project_without_detect', true),
    fixSize: booleanParam(params, 'project_fix_box_size', false),
    fallBack: number('detect_box_fall_back', 2, 0, 2),
    keepInImage: booleanParam(params, 'keep_track_in_image', false),
    matchLimitRatio: number('match_limit_ratio', -1, -1, 10),
    matchLimitMin: countParam(params, 'match_limit_min_matches', { otherwise: 3, min: 0, max: MAX_TRACKER_FRAMES }),
    ruleOut: booleanParam(params, 'optimal_assignment', false),
    smoothValue: booleanParam(params, 'filtered_probability', false),
  }
}
