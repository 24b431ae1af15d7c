import type { Micros } from '../../base/clock.ts'
import type { Data } from '../../contract/index.ts'
import { encodeJson, type JsonNames } from '../../contract/json/index.ts'
import { CONCEPTS_IN_MAIL, MAIL_TEXT_MAX, PLACEHOLDER_MAX } from './limits.ts'
import type { Occasion } from './scope.ts'

/** Fills the `{{...}}` of a template; a placeholder that is not known stays as it is. */
export function fillTemplate(template: string, occasion: Occasion, names: JsonNames, now: Micros): string {
  const { scope, node, input, data } = occasion
  const values: Readonly<Record<string, () => string>> = {
    input: () => input.id,
    user: () => scope.userId,
    app: () => scope.appId,
    workflow: () => scope.workflow?.id ?? scope.model?.id ?? '',
    node: () => node.id,
    time: () => new Date(now / 1000).toISOString(),
    concepts: () => conceptsOf(data).join('\n'),
    text: () => data.text?.raw ?? '',
    data: () => encodeJson(data, names),
  }
  let left = MAIL_TEXT_MAX
  const filled = template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => {
    if (!Object.hasOwn(values, name)) return whole
    const value = left <= 0 ? '' : values[name]!().slice(0, PLACEHOLDER_MAX)
    left -= value.length
    return value
  })
  return filled.slice(0, MAIL_TEXT_MAX)
}

/** Concepts of the data itself and of its regions with their values, the surest first. */
function conceptsOf(data: Data): string[] {
  const best = new Map<string, number>()
  const collect = (part: Data | undefined): void => {
    for (const { id, name, value } of part?.concepts ?? []) {
      const shown = name || id
      best.set(shown, Math.max(best.get(shown) ?? 0, value))
    }
    for (const region of part?.regions ?? []) collect(region.data)
    for (const frame of part?.frames ?? []) collect(frame.data)
  }
  collect(data)
  return [...best]
    .sort(([, a], [, b]) => b - a)
    .slice(0, CONCEPTS_IN_MAIL)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
}
