import { create } from '@bufbuild/protobuf'
import { type RegionInfo, RegionInfoSchema } from '../contract/index.ts'
import { sharp } from '../media/sharp-setup.ts'

/** Largest mask that is made, in pixels. */
const PIXELS_MAX = 85_000_000

/** A mask of a whole picture from a value for each pixel (0 is outside), row by row. */
async function maskOf(covered: Uint8Array, width: number, height: number): Promise<RegionInfo> {
  const pixels = covered.map((value) => (value ? 255 : 0))
  const png = await sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  return create(RegionInfoSchema, { mask: { image: { base64: new Uint8Array(png) } } })
}

function sizeProblem(width: number, height: number): void {
  if (!(width > 0 && height > 0 && width * height <= PIXELS_MAX))
    throw new Error(`A mask cannot be ${width} x ${height}.`)
}

/** A mask of COCO: lengths of runs, outside and inside in turns, down the columns; as numbers or packed as text. */
export function cocoMask(
  counts: readonly number[] | string,
  [height, width]: readonly [number, number],
): Promise<RegionInfo> {
  sizeProblem(width, height)
  const runs = typeof counts === 'string' ? unpackRuns(counts) : counts
  const covered = new Uint8Array(width * height)
  let [at, inside] = [0, false]
  for (const run of runs) {
    for (let left = run; inside && left > 0 && at < covered.length; left--, at++) {
      covered[(at % height) * width + Math.floor(at / height)] = 1
    }
    if (!inside) at += run
    inside = !inside
  }
  return maskOf(covered, width, height)
}

/** Five bits a character, and from the third run on the difference to the run before the last. */
function unpackRuns(text: string): number[] {
  const runs: number[] = []
  for (let at = 0; at < text.length; ) {
    let [value, shift, more] = [0, 0, true]
    while (more && at < text.length) {
      const bits = text.charCodeAt(at++) - 48
      value |= (bits & 0x1f) << shift
      shift += 5
      more = (bits & 0x20) !== 0
      if (!more && bits & 0x10) value |= -1 << shift
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value)
  }
  return runs
}

/** A mask of CVAT: runs along the rows of the rectangle that it lies in. */
export function cvatMask(
  runs: readonly number[],
  at: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  picture: { readonly width: number; readonly height: number },
): Promise<RegionInfo> {
  sizeProblem(picture.width, picture.height)
  const covered = new Uint8Array(picture.width * picture.height)
  let [position, inside] = [0, false]
  for (const run of runs) {
    for (let left = run; left > 0; left--, position++) {
      const [x, y] = [at.left + (position % at.width), at.top + Math.floor(position / at.width)]
      if (inside && x < picture.width && y < picture.height) covered[y * picture.width + x] = 1
    }
    inside = !inside
  }
  return maskOf(covered, picture.width, picture.height)
}

/** A mask of Label Studio's brush: packed values of red, green, blue and opacity, of which the last counts. */
export function brushMask(bytes: readonly number[], width: number, height: number): Promise<RegionInfo> {
  sizeProblem(width, height)
  const values = unpackBrush(Uint8Array.from(bytes), width * height * 4)
  const covered = new Uint8Array(width * height)
  for (let at = 0; at < covered.length; at++) covered[at] = values[at * 4 + 3]!
  return maskOf(covered, width, height)
}

function unpackBrush(bytes: Uint8Array, valuesMax: number): Uint8Array {
  let bit = 0
  const read = (count: number): number => {
    let value = 0
    for (let at = 0; at < count; at++, bit++) value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
    return value >>> 0
  }
  const total = Math.min(read(32), valuesMax)
  const wordBits = read(5) + 1
  const lengthBits = [read(4) + 1, read(4) + 1, read(4) + 1, read(4) + 1]
  const values = new Uint8Array(valuesMax)
  for (let at = 0; at < total && bit < bytes.length * 8; ) {
    const isRun = read(1) === 1
    const length = read(lengthBits[read(2)]!) + 1
    const word = isRun ? read(wordBits) : 0
    for (let left = length; left > 0 && at < total; left--) values[at++] = isRun ? word : read(wordBits)
  }
  return values
}
