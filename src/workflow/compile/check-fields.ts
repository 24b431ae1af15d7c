import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ancestorLevels } from '../ancestors.ts'
import { ANY_FIELD, splitFields } from '../fields.ts'
import { lookup } from '../lookup.ts'
import { isOperatorType, modelTypes } from '../model-types/index.ts'
import type { CompileOptions, Draft } from './types.ts'

const REGIONS = 'regions[...].'
const IN_REGION = 'regions[...].data.'
const IN_FRAME = 'frames[...].data.'

/** What an input of a workflow may bring along. */
const INPUT_FIELDS: ReadonlySet<string> = new Set(['image', 'video', 'text', 'audio', 'metadata', 'geo'])

/**
 * Checks that every field a node needs is made by one of its inputs, by a node before them, or comes with the
 * workflow's input (or output of a model); the executor will look it up by the same rules. Throws AppError 22107 that names node and field.
 */
export function checkFields(drafts: readonly Draft[], over: CompileOptions['over'] = 'inputs'): void {
  if (over === 'outputs' || (over === 'either' && !drafts.some(beginsWithInput))) checkOver(drafts, outputFields())
  else checkOver(drafts, INPUT_FIELDS)
}

/** Whether a node can work on the workflow's input by itself. */
function beginsWithInput(draft: Draft): boolean {
  if (draft.inputs.length > 0) return false
  const needed = splitFields(draft.inputFields).map(stripFrame)
  const has = (field: string): boolean => field === ANY_FIELD || INPUT_FIELDS.has(field)
  return draft.entry.anyInput ? needed.some(has) : needed.every(has)
}

/** What models may have answered; pictures are none, as they go by the name of what was given to the model. */
const outputFields = (): ReadonlySet<string> =>
  new Set(
    [...modelTypes.values()]
      .filter(({ id }) => !isOperatorType(id))
      .flatMap((type) => splitFields(type.outputFields).map(stripFrame))
      .filter((field) => field !== 'image' && field !== ANY_FIELD),
  )

function checkOver(drafts: readonly Draft[], given: ReadonlySet<string>): void {
  const made: ReadonlySet<string>[] = []
  for (const [place, draft] of drafts.entries()) {
    const levels = [...ancestorLevels(drafts, place).map((level) => unionOf(level.map((at) => made[at]!))), given]
    made.push(fieldsMade(draft, levels))
  }
}

const unionOf = (sets: readonly ReadonlySet<string>[]): ReadonlySet<string> => new Set(sets.flatMap((set) => [...set]))

function fieldsMade(draft: Draft, levels: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const needed = splitFields(draft.inputFields).map(stripFrame)
  const given = splitFields(draft.outputFields)
  if (needed.includes(ANY_FIELD)) return given.includes(ANY_FIELD) ? levels[0]! : new Set(given)
  const found = lookup(levels.length, (level, field, depth) => levels[level]!.has(IN_REGION.repeat(depth) + field), {
    fields: needed,
    anyInput: draft.entry.anyInput,
  })
  if ('missing' in found) throw missingError(draft, found.missing)
  const prefix = IN_REGION.repeat(found.depth)
  const made = new Set(given.map((field) => prefix + stripFrame(field)))
  // Lifted work goes back into the regions it was done for, which keep their boxes.
  for (const field of found.depth > 0 ? levels[found.leader]! : []) {
    const inner = field.replaceAll(IN_REGION, '')
    if (inner.startsWith(REGIONS)) made.add(field)
  }
  return made
}

/** Frames are made of any picture field when the input is a video, so a path inside frames asks for no more. */
const stripFrame = (field: string): string => (field.startsWith(IN_FRAME) ? field.slice(IN_FRAME.length) : field)

function missingError(draft: Draft, missing: readonly string[]): AppError {
  const fields = missing.map((field) => `"${field}"`).join(draft.entry.anyInput ? ' or ' : ', ')
  const inputs =
    draft.inputs.length === 0 ? 'the input of the workflow does not have' : 'none of the nodes before it gives'
  return new AppError(
    StatusCode.WORKFLOW_INVALID_GRAPH,
    `The node "${draft.id}" (${draft.model.modelTypeId}) needs ${fields}, which ${inputs}.`,
  )
}
