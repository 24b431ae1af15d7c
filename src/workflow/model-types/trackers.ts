import type { ModelTypeField } from '../../contract/index.ts'
import { EvaluationType, operator, type TypeEntry } from './define.ts'
import { INFERENCE, paramsAt } from './field.ts'

const { boolean, choice, numbers, range, string } = paramsAt(INFERENCE)
const BOXES = 'frames[...].data.regions[...].region_info.bounding_box'
const CONCEPTS = 'frames[...].data.regions[...].data.concepts'
const EMBEDDINGS = 'frames[...].data.regions[...].data.embeddings'

/** Largest values as the engines have them: counts of frames, distances, variances. */
const FRAMES_MAX = 1000
const DISTANCE_MAX = 1_000_000
const VARIANCE_MAX = 1_000_000
const DEAD_FRAMES_MAX = 100_000

const share = (name: string, value: number, description: string) => range(name, value, 0, 1, 0.001, { description })
const frames = (name: string, value: number, description: string) =>
  range(name, value, 0, FRAMES_MAX, 1, { description })
/** Step 0: any number between the limits. */
const between = (name: string, value: number, min: number, max: number, description: string) =>
  range(name, value, min, max, 0, { description })
const flag = (name: string, value: boolean, description: string) => boolean(name, value, { description })

const everyTracker = [
  share('min_confidence', 0, 'Detections below this value are not tracked.'),
  frames('min_visible_frames', 0, 'Only tracks seen in more frames than this are answered.'),
  frames('max_disappeared', 15, 'Frames that a track may be missing before it is given up.'),
  string('track_id_prefix', '', { description: 'Put before each track id.' }),
]
const distance = (value: number) =>
  between(
    'max_distance',
    value,
    0,
    DISTANCE_MAX,
    'Detections further away from a track are not it; box middles in shares of the picture, unless distance_metric says otherwise.',
  )

const byteThresholds = [
  share('new_track_confidence_thresh', 0.7, 'Detections of at least this value begin a track.'),
  share('confidence_thresh', 0.6, 'Detections of at least this value are assigned first, the others afterwards.'),
  share('high_confidence_match_thresh', 0.8, 'Largest distance (1 less the overlap) in the first assignment.'),
  share('low_confidence_match_thresh', 0.5, 'Largest distance in the second assignment.'),
  share('unconfirmed_match_thresh', 0.7, 'Largest distance to tracks that were seen only once.'),
]

const kalman = [
  distance(0.4),
  numbers('association_confidence', [0], {
    description: 'Least values of detections, one for each round of assignment; at most 10.',
  }),
  between('covariance_error', 1, 0, VARIANCE_MAX, 'Variance of the first position and speed, and of changes of speed.'),
  between('observation_error', 0.1, 0, VARIANCE_MAX, 'Variance of detected boxes; only its ratio to the other counts.'),
  choice(
    'distance_metric',
    'centroid_distance',
    ['centroid_distance', 'iou', 'diou', 'visual_distance', 'visual_and_iou'],
    {
      description: 'What tracks and detections are compared by; visual ones need embeddings in the regions.',
    },
  ),
  share('initialization_confidence', 0, 'Detections of at least this value begin a track.'),
  frames('project_track', 0, 'Frames for which a missing thing is shown where it should be.'),
  frames('use_detect_box', 1, 'Frames for which the detected box is shown, 1 for the frame itself, 0 for never.'),
  flag('project_without_detect', true, 'Tracks move on while they are missing.'),
  flag('project_fix_box_size', false, 'Missing tracks keep their size.'),
  between('detect_box_fall_back', 2, 0, 2, 'Beyond this distance a track takes over the detected box as it is.'),
  flag('keep_track_in_image', false, 'Keeps the middles of tracks inside the picture.'),
  between('match_limit_ratio', -1, -1, 10, 'Refuses matches so many deviations worse than usual; below 1 never.'),
  frames('match_limit_min_matches', 3, 'The limit applies when more tracks than this are followed.'),
  flag('optimal_assignment', false, 'Rules out pairs beyond max_distance before, not after, they are assigned.'),
  flag('filtered_probability', false, 'Answers the smoothed value of a track instead of the detected one.'),
  range('max_detection', 300, 1, 300, 1, { description: 'Most detections of a frame that are looked at.' }),
  flag('has_probability', true, 'Off: all detections count as sure.'),
  flag('has_embedding', false, 'Compares by visual_and_iou.'),
]
const reid = [
  between('max_emb_distance', 0.3, 0, DISTANCE_MAX, 'Largest distance (1 less the cosine) to a track that comes back.'),
  range('max_dead', 500, 1, DEAD_FRAMES_MAX, 1, { description: 'Frames after which nothing comes back.' }),
  choice('var_tracker', 'na', ['na', 'ma', 'ema', 'med', 'nanorm', 'manorm', 'emanorm', 'mednorm'], {
    description: 'Vector of a track: newest, mean, running mean, median; ...norm: of vectors of length 1.',
  }),
  string('reid_model_path', '', { internalOnly: true, description: 'Models that link tracks are not supported.' }),
]

interface TrackerSpec {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly fields: readonly ModelTypeField[]
  readonly input?: readonly string[]
  readonly unavailable?: string
}

const tracker = ({ fields, input = [`${CONCEPTS},${BOXES}`], ...spec }: TrackerSpec): TypeEntry =>
  operator({
    ...spec,
    input,
    output: ['frames[...].data.regions[...].track_id'],
    sequential: true,
    evaluation: EvaluationType.Tracker,
    fields: [...everyTracker, ...fields],
  })

const neural = {
  description: 'Follows things through the frames of a video by a network.',
  fields: [distance(1)],
  unavailable: 'there is no open network for it; use byte-tracker or kalman-reid-tracker.',
}

/** Operators that follow things through the frames of a video. */
export const trackers: readonly TypeEntry[] = [
  tracker({
    id: 'centroid-tracker',
    title: 'Centroid Tracker',
    description: 'Follows things through the frames of a video by the distance of their boxes from frame to frame.',
    fields: [distance(0.4)],
  }),
  tracker({
    id: 'byte-tracker',
    title: 'BYTE Tracker',
    description: 'Follows things through the frames of a video by overlap and speed, unsure detections too.',
    fields: [distance(1), ...byteThresholds],
  }),
  tracker({
    id: 'kalman-filter-hungarian-tracker',
    title: 'Kalman Filter Hungarian Tracker',
    description: 'Follows things through the frames of a video by where they should be, judging by their speed.',
    fields: kalman,
  }),
  tracker({
    id: 'kalman-reid-tracker',
    title: 'Kalman Re-identification Tracker',
    description: 'Follows things through the frames of a video and knows them again by their embeddings.',
    fields: [...kalman, ...reid],
    input: [`${CONCEPTS},${BOXES},${EMBEDDINGS}`],
  }),
  tracker({ ...neural, id: 'neural-tracker', title: 'Neural Tracker' }),
  tracker({ ...neural, id: 'neural-lite-tracker', title: 'Neural Lite Tracker' }),
]
