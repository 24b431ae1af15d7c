import assert from 'node:assert/strict'
import yauzl from 'yauzl'
import { send } from './http.ts'
import { PAT, USER } from './server.ts'

/** Formats of exports as the contract numbers them. */
export const PROTOBUF = 1
export const COCO = 2
export const JSON_FORMAT = 3
const READY = 64015
const EXPORTED = 64200

interface At {
  readonly url: string
}

const datasetPath = (app: string, dataset: string): string => `/v2/users/${USER}/apps/${app}/datasets/${dataset}`

/** Asks again until the answer is as it should be; the server ends every job, so that this ends too. */
export async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Makes a version of a dataset and waits until it is ready. */
export async function makeVersion(server: At, app: string, dataset: string, id: string): Promise<void> {
  const path = `${datasetPath(app, dataset)}/versions`
  const made = await send(server.url, 'POST', path, { body: { dataset_versions: [{ id }] } })
  assert.equal(made.body.status.code, 10000, made.text)
  await waitForVersion(server, app, dataset, id)
}

/** Waits until a version is ready, which it must become. */
export async function waitForVersion(server: At, app: string, dataset: string, id: string): Promise<void> {
  const path = `${datasetPath(app, dataset)}/versions/${id}?json_names=snake`
  const statusOf = (body: { readonly [name: string]: unknown }) =>
    (body.dataset_version as { status: { code: number } }).status.code
  const { body } = await until(
    () => send(server.url, 'GET', path),
    (answer) => ![64005, 64010].includes(statusOf(answer.body)),
  )
  assert.equal(statusOf(body), READY)
}

/** An export as it is answered. */
export interface Exported {
  readonly format: number
  readonly status: { readonly code: number; readonly details?: string }
  readonly url: string
  readonly size: number
}

/** Has a version exported and waits until the file is there. */
export async function exportOf(
  server: At,
  app: string,
  dataset: string,
  id: string,
  format: number,
): Promise<Exported> {
  const path = `${datasetPath(app, dataset)}/versions/${id}/exports?json_names=snake`
  const { body } = await until(
    () => send(server.url, 'PUT', path, { body: { exports: [{ format }] } }),
    (answer) => ![64201, 64203].includes((answer.body.exports as Exported[])[0]!.status.code),
  )
  const [one] = body.exports as Exported[]
  assert.equal(one!.status.code, EXPORTED, one!.status.details)
  return one!
}

/** The files of an exported archive, by name. */
export async function download(url: string): Promise<Map<string, Buffer>> {
  const response = await fetch(url, { headers: { authorization: `Key ${PAT}` } })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/zip')
  const zip = await yauzl.fromBufferPromise(Buffer.from(await response.arrayBuffer()), { lazyEntries: true })
  const files = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    const parts = await Array.fromAsync((await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
    files.set(entry.fileName, Buffer.concat(parts))
  }
  return files
}

interface CocoFile {
  readonly images?: readonly { readonly id: number; readonly input_id: string }[]
  readonly inputs?: readonly { readonly id: number; readonly input_id: string; readonly type: string }[]
  readonly categories: readonly { readonly id: number; readonly name: string }[]
  readonly annotations: readonly Readonly<Record<string, unknown>>[]
}

/** What a COCO export says, in lines that can be compared. */
export function labelsOf(files: ReadonlyMap<string, Buffer>): string[] {
  const lines: string[] = []
  for (const [name, bytes] of files) {
    const file = JSON.parse(bytes.toString()) as CocoFile
    const ids = new Map([...(file.images ?? []), ...(file.inputs ?? [])].map(({ id, input_id }) => [id, input_id]))
    const names = new Map((file.categories ?? []).map((one) => [one.id, one.name]))
    for (const { input_id, type } of file.inputs ?? []) lines.push(`${input_id} is ${type}`)
    for (const { id: _, image_id, input, category_id, ...rest } of file.annotations) {
      const text = JSON.stringify(rest, (key, value) => (key === 'id' ? undefined : value))
      lines.push(`${name} ${ids.get((image_id ?? input) as number)} ${names.get(category_id as number)} ${text}`)
    }
  }
  return lines.sort()
}

/** The same without addresses, which differ between apps. */
export const withoutAddresses = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/"url":"[^"]*"/, '')).sort()
