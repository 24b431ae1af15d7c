import type { Engine } from '../engine.ts'
import { annotationWriter } from './annotation-writer.ts'
import { conceptThresholder } from './concept-thresholder.ts'
import { imageAlign } from './image-align.ts'
import { imageCrop } from './image-crop.ts'
import { keywordFilter } from './keyword-filter.ts'
import { languageId } from './language-id.ts'
import { objectCounter } from './object-counter.ts'
import { prompter } from './prompter.ts'
import { randomSample } from './random-sample.ts'
import { regexBasedClassifier } from './regex-based-classifier.ts'
import { regionThresholder } from './region-thresholder.ts'
import { textAggregation } from './text-aggregation.ts'
import { tokensToEntity } from './tokens-to-entity.ts'

/** All workflow operators that can be run; each is named after its model type. */
export const operators: Engine[] = [
  annotationWriter,
  conceptThresholder,
  imageAlign,
  imageCrop,
  keywordFilter,
  languageId,
  objectCounter,
  prompter,
  randomSample,
  regexBasedClassifier,
  regionThresholder,
  textAggregation,
  tokensToEntity,
]
