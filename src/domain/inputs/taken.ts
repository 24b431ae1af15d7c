import { AppError } from '../../base/errors.ts'
import { ID_LENGTH_MAX, newId } from '../../base/ids.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { inputPks, knownUrls } from '../../store/repos/inputs.ts'
import { ID_SUFFIXES_TRIED } from './limits.ts'
import type { Posted } from './posted.ts'

/** In these very words, by which clients know what they have uploaded before. */
export const duplicateId = (): AppError => new AppError(StatusCode.DATABASE_DUPLICATE_KEY, 'Input has a duplicate ID.')

const duplicateUrl = (): AppError =>
  new AppError(
    StatusCode.INPUT_DUPLICATE,
    'An input with this URL is in the app already; set allow_duplicate_url to add it once more.',
  )

/** Refuses inputs whose address or id is taken, in the app or by another of the request; a suffix may free an id. */
export async function refuseTaken(
  reader: Reader,
  appPk: number,
  items: readonly Posted[],
  suffix: boolean,
): Promise<void> {
  await refuseTakenUrls(reader, appPk, items)
  const standing = items.filter(({ refusal }) => !refusal)
  const taken = await inputPks(
    reader,
    appPk,
    standing.flatMap(({ id, input }) => (input.id === '' ? [] : [id])),
  )
  const clashing = standing.filter(({ id }) => taken.has(id))
  if (clashing.length === 0) return
  if (!suffix) {
    for (const item of clashing) item.refusal = duplicateId()
    return
  }
  const candidates = clashing.map(({ id }) => suffixes(id))
  const used = new Set([...(await inputPks(reader, appPk, candidates.flat())).keys(), ...standing.map(({ id }) => id)])
  for (const [at, item] of clashing.entries()) {
    item.id = candidates[at]!.find((id) => !used.has(id)) ?? withSuffix(item.id, newId().slice(0, 8))
    used.add(item.id)
  }
}

async function refuseTakenUrls(reader: Reader, appPk: number, items: readonly Posted[]): Promise<void> {
  const hashes = items.flatMap(({ refusal, onceUrls }) => (refusal ? [] : onceUrls))
  if (hashes.length === 0) return
  const seen = await knownUrls(reader, appPk, hashes)
  for (const item of items) {
    if (item.refusal) continue
    if (item.onceUrls.some((hash) => seen.has(hash))) item.refusal = duplicateUrl()
    else for (const hash of item.urls) seen.add(hash)
  }
}

const suffixes = (id: string): string[] =>
  Array.from({ length: ID_SUFFIXES_TRIED }, (_, at) => withSuffix(id, String(at + 1)))

// The id stays one that a caller may use.
const withSuffix = (id: string, suffix: string): string =>
  `${id.slice(0, ID_LENGTH_MAX - suffix.length - 1).replace(/[-_]+$/, '')}-${suffix}`
