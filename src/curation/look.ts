import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Member, Neighbour } from './findings.ts'
import { NEIGHBOURS, PAGE, PARALLEL } from './limits.ts'

/** Sends a JSON request to the app's part of the API (`/inputs/searches`) and answers its JSON. */
export type Send = (path: string, body?: object) => Promise<unknown>

interface Status {
  readonly status: { readonly code: number; readonly description: string; readonly details?: string }
}
interface DatasetInputs extends Status {
  readonly datasetInputs?: readonly { readonly input: { readonly id: string } }[]
}
interface Annotations extends Status {
  readonly annotations?: readonly {
    readonly inputId: string
    readonly trusted?: boolean
    readonly data?: { readonly concepts?: readonly { readonly id: string; readonly value?: number }[] }
  }[]
}
interface Hits extends Status {
  readonly hits?: readonly { readonly score: number; readonly input: { readonly id: string } }[]
}

/**
 * Looks at a dataset through the API: its inputs, what people say that they show, and for each what is most like it.
 * `progress` hears how many inputs are done, and of how many. Throws AppError with what the server says is wrong.
 */
export async function lookAt(
  send: Send,
  dataset: string,
  progress: (done: number, of: number) => void = () => {},
): Promise<Member[]> {
  const ids = await inputsOf(send, dataset)
  const labels = await labelsOf(send, ids)
  const members = new Map<string, Member>()
  let next = 0
  const asker = async (): Promise<void> => {
    for (let at = next++; at < ids.length; at = next++) {
      const id = ids[at]!
      members.set(id, { id, labels: labels.get(id) ?? new Set(), neighbours: await neighboursOf(send, dataset, id) })
      progress(members.size, ids.length)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, asker))
  return ids.map((id) => members.get(id)!)
}

async function inputsOf(send: Send, dataset: string): Promise<string[]> {
  const ids: string[] = []
  for (let page = 1; ; page++) {
    const path = `/datasets/${encodeURIComponent(dataset)}/inputs?page=${page}&per_page=${PAGE}`
    const found = (good<DatasetInputs>(await send(path)).datasetInputs ?? []).map(({ input }) => input.id)
    ids.push(...found)
    if (found.length < PAGE) return ids
  }
}

/** Concepts that people say the whole input shows. */
async function labelsOf(send: Send, ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const labels = new Map<string, Set<string>>()
  for (let start = 0; start < ids.length; start += PAGE) {
    const asked = new URLSearchParams({ per_page: String(PAGE) })
    for (const id of ids.slice(start, start + PAGE)) asked.append('input_ids', id)
    for (let page = 1; ; page++) {
      asked.set('page', String(page))
      const found = good<Annotations>(await send(`/annotations?${asked}`)).annotations ?? []
      for (const { inputId, trusted, data } of found) {
        // What models say is not what is checked.
        if (trusted !== true) continue
        for (const { id, value = 0 } of data?.concepts ?? []) {
          if (value > 0) labels.set(inputId, (labels.get(inputId) ?? new Set()).add(id))
        }
      }
      if (found.length < PAGE) break
    }
  }
  return labels
}

/** The inputs of the dataset that are most like one; none where it has no vector yet. */
async function neighboursOf(send: Send, dataset: string, inputId: string): Promise<Neighbour[]> {
  const query = {
    ranks: [{ annotation: { inputId } }],
    filters: [{ input: { datasetIds: [dataset] } }],
  }
  const answer = (await send('/inputs/searches', {
    searches: [{ query }],
    pagination: { page: 1, perPage: NEIGHBOURS + 1 },
  })) as Hits
  if (answer.status.code === StatusCode.SEARCH_BY_NOT_FULLY_INDEXED_INPUT) return []
  const { hits = [] } = good<Hits>(answer)
  // The score of likeness is (1 + cosine) / 2.
  return hits.flatMap(({ score, input }) => (input.id === inputId ? [] : [{ id: input.id, cosine: 2 * score - 1 }]))
}

function good<T extends Status>(answer: unknown): T {
  const { status } = answer as Status
  if (status.code === StatusCode.SUCCESS) return answer as T
  throw new AppError(status.code, status.details || status.description)
}
