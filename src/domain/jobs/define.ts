import type { JobDefinition } from '../../jobs/define.ts'
import type { Services } from '../services.ts'

/** Fixes the types of a kind of job that runs with the services of the program. */
export function defineJob<Args, State = never>(
  definition: JobDefinition<Args, State, Services>,
): JobDefinition<Args, State, Services> {
  return definition
}
