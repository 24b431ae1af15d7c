import { kalmanSettings } from './tracking/kalman-settings.ts'
import { KalmanTracker } from './tracking/kalman-tracker.ts'
import { tracker } from './tracking/tracker.ts'

/**
 * Tracks by where things should be by now (Kalman filter of constant speed) and assigns detections to them at the
 * least total distance (Hungarian method), as `distance_metric` measures it, up to `max_distance`.
 */
export const kalmanFilterHungarianTracker = tracker('kalman-filter-hungarian-tracker', ({ params }) => {
  const settings = kalmanSettings(params)
  return () => new KalmanTracker(settings)
})
