import type { Data, Region } from '../../contract/index.ts'
import { dataOf, regionWith } from '../data.ts'
import { isEmptyData } from '../fields.ts'
import type { WorkItem } from './gather.ts'

interface Branch {
  readonly region: Region
  readonly children: Map<Region, Branch>
  data?: Data
}

/**
 * Puts the results of lifted work back into the regions it was made for, which keep their id, region_info and
 * value; `results` are in the order of `items`. With `dropEmpty` regions without a result vanish, as filters want.
 */
export function assemble(items: readonly WorkItem[], results: readonly Data[], dropEmpty: boolean): Data {
  if (items.length === 1 && items[0]!.chain.length === 0) return results[0]!
  const roots = new Map<Region, Branch>()
  for (const [place, item] of items.entries()) {
    const result = results[place]!
    if (dropEmpty && isEmptyData(result)) continue
    let level = roots
    let branch: Branch | undefined
    for (const region of item.chain) {
      branch = level.get(region)
      if (!branch) {
        branch = { region, children: new Map() }
        level.set(region, branch)
      }
      level = branch.children
    }
    branch!.data = result
  }
  return dataOf({ regions: toRegions(roots) })
}

const toRegions = (branches: ReadonlyMap<Region, Branch>): Region[] =>
  [...branches.values()].map(({ region, children, data }) =>
    regionWith(region, children.size > 0 ? dataOf({ regions: toRegions(children) }) : data),
  )
