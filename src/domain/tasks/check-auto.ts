import type { Task, Worker } from '../../contract/index.ts'
import { settableStatus } from '../annotations/status.ts'
import { invalidTask } from './problem.ts'

/** All bits of AnnotationDataType. */
const DATA_TYPES_MAX = 63

/** Refuses a task of auto-annotation that could not be done. */
export function checkAuto({ concepts }: Task, worker: Worker['worker']): void {
  const named = worker.case === 'model' || worker.case === 'workflow' ? worker.value.id : ''
  if (named === '') throw invalidTask(`The ${worker.case} that shall annotate has no id; name it.`)
  for (const { concept, autoAnnotationConfig: config } of concepts) {
    const name = concept?.id || concept?.name
    if (!name) throw invalidTask('A concept of the task has neither id nor name; give it one of them.')
    if (!config) continue
    if (config.annotationDataTypes > DATA_TYPES_MAX) {
      throw invalidTask(`annotation_data_types is ${config.annotationDataTypes}; use a sum of 1, 2, 4, 8, 16 and 32.`)
    }
    if (config.statusCode !== 0) settableStatus(config.statusCode)
    const range = config.thresholdRange
    if (!range) continue
    if (!(range.lower >= 0 && range.upper <= 1 && range.lower <= range.upper)) {
      throw invalidTask(
        `The threshold_range of '${name}' is ${range.lower} to ${range.upper}; use a lower and an upper bound between 0 and 1.`,
      )
    }
  }
}
