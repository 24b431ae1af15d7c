import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Thrown where a resource is asked for by an id that it had before it was renamed. */
export class Moved extends AppError {
  readonly resourceType: string
  readonly oldId: string
  readonly newId: string
  readonly url: string

  constructor(resourceType: string, oldId: string, newId: string, url: string) {
    super(StatusCode.MOVED, `The ${resourceType} '${oldId}' is now called '${newId}'; use the new id.`)
    this.resourceType = resourceType
    this.oldId = oldId
    this.newId = newId
    this.url = url
  }
}
