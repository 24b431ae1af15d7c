/** A box around text in pixels of the probability map. */
export interface TextArea {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
  /** Mean probability of its text pixels. */
  readonly score: number
}

/** Probability from which a pixel counts as text. */
const PIXEL_MIN = 0.3
/** Mean probability from which a group of pixels counts as text. */
const AREA_MIN = 0.6
/** Smaller groups of pixels are noise. */
const AREA_PIXELS_MIN = 12
/** The network marks only the core of a line; boxes grow by this times area / perimeter on each side. */
const GROWTH = 1.6

/** Groups the text pixels of a probability map (width * height values) into boxes around lines or words. */
export function textAreas(map: Float32Array, width: number, height: number): TextArea[] {
  const seen = new Uint8Array(map.length)
  const stack: number[] = []
  const areas: TextArea[] = []
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || map[start]! < PIXEL_MIN) continue
    let [left, right, top, bottom, pixels, sum] = [width, 0, height, 0, 0, 0]
    seen[start] = 1
    stack.push(start)
    while (stack.length > 0) {
      const at = stack.pop()!
      const x = at % width
      const y = (at - x) / width
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      if (y > bottom) bottom = y
      pixels++
      sum += map[at]!
      const visit = (next: number): void => {
        if (seen[next] || map[next]! < PIXEL_MIN) return
        seen[next] = 1
        stack.push(next)
      }
      if (x > 0) visit(at - 1)
      if (x + 1 < width) visit(at + 1)
      if (y > 0) visit(at - width)
      if (y + 1 < height) visit(at + width)
    }
    const score = sum / pixels
    if (pixels < AREA_PIXELS_MIN || score < AREA_MIN) continue
    const [across, down] = [right - left + 1, bottom - top + 1]
    const grow = (across * down * GROWTH) / (2 * (across + down))
    areas.push({
      top: Math.max(0, top - grow),
      left: Math.max(0, left - grow),
      bottom: Math.min(height, bottom + 1 + grow),
      right: Math.min(width, right + 1 + grow),
      score,
    })
  }
  return areas
}

/** Share of the lower box's height that must lie beside the line for both to be one line. */
const SAME_LINE = 0.5

/** Sorts boxes as they are read: lines from top to bottom, within a line from left to right. */
export function inReadingOrder<T extends Pick<TextArea, 'top' | 'left' | 'bottom'>>(boxes: readonly T[]): T[] {
  const lines: T[][] = []
  for (const box of [...boxes].sort((a, b) => a.top + a.bottom - (b.top + b.bottom))) {
    const line = lines.find((other) => sharesLine(other[0]!, box))
    if (line) line.push(box)
    else lines.push([box])
  }
  return lines.flatMap((line) => line.sort((a, b) => a.left - b.left))
}

function sharesLine(a: { top: number; bottom: number }, b: { top: number; bottom: number }): boolean {
  const shared = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return shared >= SAME_LINE * Math.min(a.bottom - a.top, b.bottom - b.top)
}
