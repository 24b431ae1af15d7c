import { operator } from './operator.ts'

/**
 * Passes on what it gets. Writing annotations is the server's part, when it runs an app's default workflow on inputs
 * that were added; predictions never write.
 */
export const annotationWriter = operator(
  'annotation-writer',
  () =>
    ({ data }) =>
      data,
)
