import type { BoundingBox, Point, Polygon, RegionInfo, Span, Token } from '../../contract/index.ts'
import { Point_Visibility } from '../../contract/index.ts'
import { checkMask } from './check-mask.ts'
import { KEYPOINTS_MAX, POLYGON_POINTS_MAX } from './limits.ts'
import { checkCount, checkNumber, invalidAnnotation } from './problem.ts'

/** What is known of the input that a shape lies in. */
export interface ShapeInput {
  /** Length of a text input, in characters; unknown until the text was read. */
  readonly charCount?: number | undefined
}

/** The forms that a region may have; keypoints may stand beside a box. */
const FORMS = ['boundingBox', 'mask', 'polygon', 'point', 'span', 'token'] as const

/** Refuses a region that has no place, more than one, or one that cannot be. */
export function checkShape(info: RegionInfo, input: ShapeInput): void {
  const forms = FORMS.filter((form) => info[form] !== undefined)
  const keypoints = info.keypointLocations
  if (forms.length > 1) {
    throw invalidAnnotation(`A region has both a ${forms.map(inWords).join(' and a ')}; send one annotation for each.`)
  }
  if (forms.length === 0 && keypoints.length === 0) {
    throw invalidAnnotation(`The region_info of a region is empty; give it a ${FORMS.map(inWords).join(', ')}.`)
  }
  if (info.boundingBox) checkBox(info.boundingBox)
  if (info.polygon) checkPolygon(info.polygon)
  if (info.point) checkPoint('The point', info.point)
  if (info.span) checkSpan('span', info.span, input)
  if (info.token) checkSpan('token', info.token, input)
  if (info.mask) checkMask(info.mask)
  checkCount('keypoint_locations', keypoints.length, KEYPOINTS_MAX)
  for (const keypoint of keypoints) {
    if (keypoint.visibility !== Point_Visibility.NOT_PRESENT) checkPoint('A keypoint', keypoint)
  }
}

const inWords = (form: string): string => form.replace('boundingBox', 'bounding_box')

function checkBox({ topRow, leftCol, bottomRow, rightCol }: BoundingBox): void {
  checkNumber('top_row of a box', topRow, 0, 1)
  checkNumber('left_col of a box', leftCol, 0, 1)
  checkNumber('bottom_row of a box', bottomRow, 0, 1)
  checkNumber('right_col of a box', rightCol, 0, 1)
  if (topRow >= bottomRow || leftCol >= rightCol) {
    throw invalidAnnotation(
      `A box from row ${topRow} to ${bottomRow} and column ${leftCol} to ${rightCol} covers nothing; top_row must be less than bottom_row and left_col less than right_col.`,
    )
  }
}

function checkPoint(where: string, { row, col, z }: Point): void {
  checkNumber(`${where}'s row`, row, 0, 1)
  checkNumber(`${where}'s col`, col, 0, 1)
  if (!Number.isFinite(z)) throw invalidAnnotation(`${where}'s z is ${z}; use a finite number.`)
}

function checkPolygon({ points }: Polygon): void {
  checkCount('A polygon', points.length, POLYGON_POINTS_MAX)
  if (points.length < 3) throw invalidAnnotation(`A polygon has ${points.length} points; use at least 3.`)
  for (const point of points) checkPoint("A polygon's point", point)
  if (!spansArea(points)) {
    throw invalidAnnotation('All points of a polygon lie on one line, so it covers nothing; send at least 3 corners.')
  }
}

// The area itself is no measure: that of a figure of eight may be 0.
function spansArea(points: readonly Point[]): boolean {
  const first = points[0]!
  const other = points.find(({ row, col }) => row !== first.row || col !== first.col)
  if (!other) return false
  const [rows, cols] = [other.row - first.row, other.col - first.col]
  return points.some(({ row, col }) => rows * (col - first.col) !== cols * (row - first.row))
}

function checkSpan(kind: 'span' | 'token', { charStart, charEnd }: Span | Token, { charCount }: ShapeInput): void {
  if (charStart >= charEnd) {
    throw invalidAnnotation(
      `A ${kind} goes from character ${charStart} to ${charEnd}; char_start must be less than char_end.`,
    )
  }
  if (charCount !== undefined && charEnd > charCount) {
    throw invalidAnnotation(`A ${kind} ends at character ${charEnd} of a text that has ${charCount}.`)
  }
}
