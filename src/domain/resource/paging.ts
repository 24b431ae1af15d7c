import { AppError } from '../../base/errors.ts'
import { PAGE_OFFSET_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../../base/limits.ts'
import type { Pagination } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** What a store needs to know of a page. */
export interface PageWindow {
  readonly limit: number
  readonly offset: number
}

/**
 * Page and size of a list call as a window of rows: absent or 0 means page 1 of 128, sizes over 1000 are refused.
 * Search calls carry the same two numbers in `pagination`.
 */
export function readPage(
  from: { readonly page?: number; readonly perPage?: number } | Pagination | undefined,
): PageWindow {
  const page = from?.page || 1
  const limit = from?.perPage || PAGE_SIZE_DEFAULT
  if (limit > PAGE_SIZE_MAX) {
    throw new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `per_page is ${limit}; ask for at most ${PAGE_SIZE_MAX} a page.`,
    )
  }
  return { limit, offset: Math.min((page - 1) * limit, PAGE_OFFSET_MAX) }
}
