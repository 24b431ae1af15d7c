import type { Engine, EngineSetup } from '../engine.ts'
import { HITS_PLACE, TEXT_PLACE, templateOf } from './prompt-template.ts'

/** Operators whose parameters have rules beyond those of their types; each module is light enough for the server. */
const CHECKED: Readonly<Record<string, () => Promise<Engine>>> = {
  'barcode-operator': async () => (await import('./barcode.ts')).barcode,
  'byte-tracker': async () => (await import('./byte-tracker.ts')).byteTracker,
  'centroid-tracker': async () => (await import('./centroid-tracker.ts')).centroidTracker,
  'concept-thresholder': async () => (await import('./concept-thresholder.ts')).conceptThresholder,
  email: async () => (await import('./push.ts')).email,
  'image-tiling-operator': async () => (await import('./image-tiling.ts')).imageTiling,
  'input-filter': async () => (await import('./input-filter.ts')).inputFilter,
  'isolation-operator': async () => (await import('./isolation.ts')).isolation,
  'kalman-filter-hungarian-tracker': async () =>
    (await import('./kalman-filter-hungarian-tracker.ts')).kalmanFilterHungarianTracker,
  'kalman-reid-tracker': async () => (await import('./kalman-reid-tracker.ts')).kalmanReidTracker,
  'keyword-filter-operator': async () => (await import('./keyword-filter.ts')).keywordFilter,
  prompter: async () => (await import('./prompter.ts')).prompter,
  'regex-based-classifier': async () => (await import('./regex-based-classifier.ts')).regexBasedClassifier,
  'results-push': async () => (await import('./push.ts')).resultsPush,
  'status-push': async () => (await import('./push.ts')).statusPush,
}

/**
 * Refuses a setup with which an operator could not answer anything, such as a broken regular expression, so that it is
 * told when the operator is made and not when it runs. Rejects with AppError 21202.
 */
export async function checkSetup(operator: string, setup: EngineSetup): Promise<void> {
  // Done by the server itself, so that no engine has its rules.
  if (operator === 'rag-prompter') templateOf(setup.params, [TEXT_PLACE, HITS_PLACE])
  const engine = Object.hasOwn(CHECKED, operator) ? await CHECKED[operator]!() : undefined
  await engine?.check?.(setup)
}
