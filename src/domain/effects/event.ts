import type { Micros } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { statusText } from '../../base/status-text.ts'
import { encodeJson, type JsonNames } from '../../contract/json/index.ts'
import { EVENT_BYTES_MAX } from './limits.ts'
import type { Occasion } from './scope.ts'

/** What a receiver is told, as JSON text; `id` stays the same however often it is sent. */
export interface Event {
  readonly id: string
  readonly body: string
}

/** The event of a results-push node: what the node got. */
export function resultsEvent(occasion: Occasion, names: JsonNames, now: Micros): Event {
  const { id, fields } = begin('results', occasion, now)
  const input = encodeJson(occasion.input, names)
  const whole = text({ ...fields, input, data: encodeJson(occasion.data, names) })
  if (Buffer.byteLength(whole) <= EVENT_BYTES_MAX) return { id, body: whole }
  const withInput = text({ ...fields, input, truncated: 'true' })
  if (Buffer.byteLength(withInput) <= EVENT_BYTES_MAX) return { id, body: withInput }
  return { id, body: text({ ...fields, input: JSON.stringify({ id: occasion.input.id }), truncated: 'true' }) }
}

/** The event of a status-push node: how far the input is. */
export function statusEvent(occasion: Occasion, now: Micros): Event {
  const { id, fields } = begin('status', occasion, now)
  const { code, details } = occasion.ingestion!
  const status = JSON.stringify({ code, description: statusText(code), ...(details === '' ? {} : { details }) })
  return { id, body: text({ ...fields, input: JSON.stringify({ id: occasion.input.id }), status }) }
}

function begin(event: string, { scope, node }: Occasion, now: Micros) {
  const id = newId()
  const quoted = { event, id, time: new Date(now / 1000).toISOString(), user: scope.userId, app: scope.appId }
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(quoted)) fields[name] = JSON.stringify(value)
  if (scope.workflow) fields.workflow = JSON.stringify(scope.workflow)
  if (scope.model) fields.model = JSON.stringify(scope.model)
  fields.node = JSON.stringify(node.id)
  return { id, fields }
}

/** An object of values that are JSON text already. */
const text = (fields: Readonly<Record<string, string>>): string =>
  `{${Object.entries(fields)
    .map(([name, json]) => `${JSON.stringify(name)}:${json}`)
    .join(',')}}`
