import type { Engine } from '../engine.ts'
import { annotationWriter } from './annotation-writer.ts'
import { barcode } from './barcode.ts'
import { byteTracker } from './byte-tracker.ts'
import { centroidTracker } from './centroid-tracker.ts'
import { conceptSynonymMapper } from './concept-synonym-mapper.ts'
import { conceptThresholder } from './concept-thresholder.ts'
import { imageAlign } from './image-align.ts'
import { imageCrop } from './image-crop.ts'
import { imageTiling } from './image-tiling.ts'
import { inputFilter } from './input-filter.ts'
import { isolation } from './isolation.ts'
import { kalmanFilterHungarianTracker } from './kalman-filter-hungarian-tracker.ts'
import { kalmanReidTracker } from './kalman-reid-tracker.ts'
import { keywordFilter } from './keyword-filter.ts'
import { languageId } from './language-id.ts'
import { objectCounter } from './object-counter.ts'
import { prompter } from './prompter.ts'
import { email, resultsPush, statusPush } from './push.ts'
import { randomSample } from './random-sample.ts'
import { regexBasedClassifier } from './regex-based-classifier.ts'
import { regionThresholder } from './region-thresholder.ts'
import { tesseract } from './tesseract.ts'
import { textAggregation } from './text-aggregation.ts'
import { tilingRegionAggregator } from './tiling-region-aggregator.ts'
import { tokensToEntity } from './tokens-to-entity.ts'
import { trackRepresentation } from './track-representation.ts'

/** All workflow operators that can be run; each is named after its model type. */
export const operators: Engine[] = [
  annotationWriter,
  barcode,
  byteTracker,
  centroidTracker,
  conceptSynonymMapper,
  conceptThresholder,
  email,
  imageAlign,
  imageCrop,
  imageTiling,
  inputFilter,
  isolation,
  kalmanFilterHungarianTracker,
  kalmanReidTracker,
  keywordFilter,
  languageId,
  objectCounter,
  prompter,
  randomSample,
  regexBasedClassifier,
  regionThresholder,
  resultsPush,
  statusPush,
  tesseract,
  textAggregation,
  tilingRegionAggregator,
  tokensToEntity,
  trackRepresentation,
]
