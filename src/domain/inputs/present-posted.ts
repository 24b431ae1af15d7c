import { create } from '@bufbuild/protobuf'
import { type Input, InputSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { echoInput, itemStatus } from '../predict/answer.ts'
import { inputPlace } from './caller.ts'
import { inputDocument } from './document.ts'
import type { Posted } from './posted.ts'
import { toInput } from './present.ts'

/** The answer to posted inputs, made from what was just stored: as a read would show them, without reading. */
export function presentPosted(call: Call, items: readonly Posted[]): Input[] {
  const place = inputPlace(call)
  return items.map(({ id, input, labels, media, createdAt = 0, refusal }) => {
    if (refusal) return refused(input, itemStatus(refusal.code, refusal.details))
    const times = { created_at: createdAt, modified_at: createdAt }
    const status = { status_code: StatusCode.INPUT_PENDING, status_details: '' }
    const shown = toInput(place, { id, doc: inputDocument(input), ...status, ...times }, media, labels.whole.data)
    for (const concept of shown.data?.concepts ?? [])
      Object.assign(concept, { appId: place.appId, userId: place.userId })
    return shown
  })
}

function refused(input: Input, status: Input['status']): Input {
  return create(InputSchema, { ...echoInput(input), id: input.id, status })
}
