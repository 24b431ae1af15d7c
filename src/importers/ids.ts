import { hash } from 'node:crypto'
import { checkId } from '../base/ids.ts'
import { StatusCode } from '../contract/status-code.ts'

const ID_LENGTH = 32

/** An id that is always the same for the same text. */
export const idOf = (text: string): string => hash('sha256', text).slice(0, ID_LENGTH)

/**
 * Gives inputs ids that come out the same at the next run: that of the source where it may be one and is not taken by
 * an item before, else one made of where the item stands.
 */
export class InputIds {
  readonly #taken = new Set<string>()

  next(wanted: string, source: string): string {
    const id = isValid(wanted) && !this.#taken.has(wanted) ? wanted : idOf(source)
    this.#taken.add(id)
    return id
  }
}

function isValid(id: string): boolean {
  if (id === '') return false
  try {
    checkId(id, 'input', StatusCode.INPUT_INVALID_ARGUMENT)
    return true
  } catch {
    return false
  }
}
