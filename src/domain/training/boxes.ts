import type { Region } from '../../contract/index.ts'

/** Edges of a box as shares of the picture. */
export interface Box {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** The box of a region, or the one around its polygon; undefined where it has neither. */
export function boxOf({ regionInfo }: Pick<Region, 'regionInfo'>): Box | undefined {
  const { boundingBox, polygon } = regionInfo ?? {}
  if (boundingBox) {
    return {
      top: boundingBox.topRow,
      left: boundingBox.leftCol,
      bottom: boundingBox.bottomRow,
      right: boundingBox.rightCol,
    }
  }
  const points = polygon?.points ?? []
  if (points.length < 3) return undefined
  const rows = points.map(({ row }) => row)
  const columns = points.map(({ col }) => col)
  return {
    top: Math.min(...rows),
    left: Math.min(...columns),
    bottom: Math.max(...rows),
    right: Math.max(...columns),
  }
}
