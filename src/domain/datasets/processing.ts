import type { DatasetVersionProcessingInfo } from '../../contract/index.ts'
import { MAX_SAMPLE_MS, MIN_SAMPLE_MS } from '../../media/limits.ts'
import { invalidDataset } from './problem.ts'

/** Refuses a sampling interval out of the usual bounds; 0 means that of the dataset or the app. */
export function checkProcessing(info: DatasetVersionProcessingInfo | undefined): void {
  const sampleMs = info?.frameInterpolationInfo?.sampleMs ?? 0
  if (sampleMs !== 0 && (sampleMs < MIN_SAMPLE_MS || sampleMs > MAX_SAMPLE_MS)) {
    throw invalidDataset(`sample_ms is ${sampleMs}; use ${MIN_SAMPLE_MS} to ${MAX_SAMPLE_MS}.`)
  }
}
