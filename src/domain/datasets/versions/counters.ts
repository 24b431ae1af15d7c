import { create } from '@bufbuild/protobuf'
import { type DatasetVersionMetrics, DatasetVersionMetricsSchema, type Region } from '../../../contract/index.ts'
import { LOCATION_CELLS } from './limits.ts'

/** What is counted of a group of inputs, by the fields of the contract. */
const COUNTS = [
  'inputsCount',
  'unlabeledInputsCount',
  'inputsWithMetadataCount',
  'inputsWithGeoCount',
  'regionsCount',
  'boundingBoxesCount',
  'polygonsCount',
  'pointsCount',
  'masksCount',
  'regionInputsCount',
  'regionFramesCount',
  'framesCount',
  'frameInputsCount',
  'embeddingsCount',
  'positiveInputTagsCount',
  'positiveRegionTagsCount',
  'positiveFrameTagsCount',
] as const

export type CountName = (typeof COUNTS)[number]

/** Counts of one group of inputs, and where in them regions are. */
export class Counters {
  readonly #counts = new Map<CountName, number>()
  readonly #cells = new Uint32Array(LOCATION_CELLS * LOCATION_CELLS)

  add(name: CountName, by = 1): void {
    this.#counts.set(name, this.get(name) + by)
  }

  get(name: CountName): number {
    return this.#counts.get(name) ?? 0
  }

  /** Counts a region by its form and by where it is. */
  addRegion({ regionInfo }: Region): void {
    this.add('regionsCount')
    if (!regionInfo) return
    const { boundingBox, polygon, point, mask } = regionInfo
    if (boundingBox) this.add('boundingBoxesCount')
    if (polygon) this.add('polygonsCount')
    if (point) this.add('pointsCount')
    if (mask) this.add('masksCount')
    const points = polygon?.points ?? (point ? [point] : [])
    const rows = boundingBox ? [boundingBox.topRow, boundingBox.bottomRow] : points.map(({ row }) => row)
    const columns = boundingBox ? [boundingBox.leftCol, boundingBox.rightCol] : points.map(({ col }) => col)
    if (rows.length > 0) this.#addCells(rows, columns)
  }

  #addCells(rows: readonly number[], columns: readonly number[]): void {
    const [top, bottom] = cellsOf(rows)
    const [left, right] = cellsOf(columns)
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) this.#cells[row * LOCATION_CELLS + column]!++
    }
  }

  /** All counts as the contract has them, those that are 0 too. */
  toMessage(): DatasetVersionMetrics {
    const counts = Object.fromEntries(COUNTS.map((name) => [name, BigInt(this.get(name))]))
    const regionLocationMatrix = { nCols: BigInt(LOCATION_CELLS), data: Array.from(this.#cells, BigInt) }
    return create(DatasetVersionMetricsSchema, { ...counts, regionLocationMatrix })
  }
}

function cellsOf(places: readonly number[]): [number, number] {
  const cell = (place: number): number => Math.max(0, Math.min(LOCATION_CELLS - 1, Math.floor(place * LOCATION_CELLS)))
  return [cell(Math.min(...places)), cell(Math.max(...places))]
}
