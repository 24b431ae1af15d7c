import type { Data } from '../../contract/index.ts'
import { mergeData } from '../data.ts'
import type { Slot } from './state.ts'

/** The data of each level of ancestors for one input (see ancestorLevels), the workflow's input last. */
export function dataLevels(slot: Slot, levels: readonly (readonly number[])[]): Data[] {
  return [...levels.map((level) => mergeData(level.map((index) => slot.states[index]!.data))), slot.input]
}
