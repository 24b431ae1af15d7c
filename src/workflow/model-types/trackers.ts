import type { ModelTypeField } from '../../contract/index.ts'
import { EvaluationType, operator, type TypeEntry } from './define.ts'
import { INFERENCE, paramsAt } from './field.ts'

const { boolean, number, numbers, range, string } = paramsAt(INFERENCE)
const BOXES = 'frames[...].data.regions[...].region_info.bounding_box'
const CONCEPTS = 'frames[...].data.regions[...].data.concepts'
const EMBEDDINGS = 'frames[...].data.regions[...].data.embeddings'

const everyTracker = [
  range('min_confidence', 0, 0, 1, 0.01, { description: 'Detections below this value are ignored.' }),
  number('min_visible_frames', 0, { description: 'Only tracks seen in more frames are answered.' }),
  number('max_disappeared', 8, { description: 'Frames that a track may be missing before it is dropped.' }),
]
const distance = [
  string('track_id_prefix', '', { description: 'Put before each track id.' }),
  number('max_distance', 1, { description: 'Detections further apart than this are not the same thing.' }),
]
const byteThresholds = [
  'new_track_confidence_thresh',
  'confidence_thresh',
  'high_confidence_match_thresh',
  'low_confidence_match_thresh',
  'unconfirmed_match_thresh',
].map((name, place) => range(name, [0.7, 0.6, 0.8, 0.5, 0.7][place]!, 0, 1, 0.01))
const kalman = [
  range('filtered_probability', 0, 0, 1, 0.01),
  number('max_detection', 100),
  boolean('has_probability', true),
  boolean('has_embedding', false),
]
const reid = [
  numbers('association_confidence', [0.5]),
  number('covariance_error', 1),
  number('observation_error', 1),
  string('distance_metric', 'iou'),
  number('initialization_confidence', 0.5),
  boolean('project_track', true),
  boolean('use_detect_box', true),
  boolean('project_without_detect', false),
  boolean('project_fix_box_size', false),
  boolean('detect_box_fall_back', false),
  number('keep_track_in_image', 1),
  number('match_limit_ratio', 0),
  number('match_limit_min_matches', 0),
  boolean('optimal_assignment', true),
  number('max_emb_distance', 1),
  number('max_dead', 30),
  string('var_tracker', 'na'),
  string('reid_model_path', '', { internalOnly: true }),
]

const tracker = (id: string, title: string, fields: ModelTypeField[], input = [`${CONCEPTS},${BOXES}`]): TypeEntry =>
  operator({
    id,
    title,
    description: 'Gives regions that show the same thing in several frames of a video the same track id.',
    input,
    output: ['frames[...].data.regions[...].track_id'],
    sequential: true,
    evaluation: EvaluationType.Tracker,
    fields: [...everyTracker, ...fields],
  })

/** Operators that follow things through the frames of a video. */
export const trackers: readonly TypeEntry[] = [
  tracker('centroid-tracker', 'Centroid Tracker', distance),
  tracker('byte-tracker', 'BYTE Tracker', [...distance, ...byteThresholds]),
  tracker('kalman-filter-hungarian-tracker', 'Kalman Filter Hungarian Tracker', kalman),
  tracker(
    'kalman-reid-tracker',
    'Kalman Re-identification Tracker',
    [...distance, ...reid],
    [`${CONCEPTS},${BOXES},${EMBEDDINGS}`],
  ),
  tracker('neural-tracker', 'Neural Tracker', distance),
  tracker('neural-lite-tracker', 'Neural Lite Tracker', distance),
]
