/** How byte values become model input: value * scale + offset, one pair for all channels. */
export interface PixelScale {
  readonly scale: number
  readonly offset: number
}

/** Puts packed RGB bytes into channel planes (NCHW) of floats, into `out` if it is given. */
export function toPlanar(
  rgb: Uint8Array,
  { scale, offset }: PixelScale,
  out: Float32Array = new Float32Array(rgb.length),
): Float32Array {
  const plane = rgb.length / 3
  const table = byteTable(scale, offset)
  for (let from = 0, to = 0; to < plane; from += 3, to++) {
    out[to] = table[rgb[from]!]!
    out[to + plane] = table[rgb[from + 1]!]!
    out[to + 2 * plane] = table[rgb[from + 2]!]!
  }
  return out
}

/** Turns packed RGB bytes into floats in the same order (NHWC). */
export function toInterleaved(rgb: Uint8Array, { scale, offset }: PixelScale): Float32Array {
  const table = byteTable(scale, offset)
  const out: Float32Array = new Float32Array(rgb.length)
  for (let i = 0; i < rgb.length; i++) out[i] = table[rgb[i]!]!
  return out
}

/** Puts packed RGB bytes into planes in the order B, G, R with a mean and a deviation per plane (of values 0..1). */
export function toPlanarBgr(rgb: Uint8Array, mean: readonly number[], deviation: readonly number[]): Float32Array {
  const plane = rgb.length / 3
  const out: Float32Array = new Float32Array(rgb.length)
  for (let channel = 0; channel < 3; channel++) {
    const table = byteTable(1 / (255 * deviation[channel]!), -mean[channel]! / deviation[channel]!)
    for (let from = 2 - channel, to = channel * plane, end = to + plane; to < end; from += 3, to++) {
      out[to] = table[rgb[from]!]!
    }
  }
  return out
}

/** Turns packed RGB bytes into one luma value per pixel (ITU-R 601 weights), scaled as asked. */
export function toGrey(rgb: Uint8Array, { scale, offset }: PixelScale): Float32Array {
  const out = new Float32Array(rgb.length / 3)
  for (let i = 0, from = 0; i < out.length; i++, from += 3) {
    out[i] = (rgb[from]! * 0.2989 + rgb[from + 1]! * 0.587 + rgb[from + 2]! * 0.114) * scale + offset
  }
  return out
}

let lastTable: { readonly scale: number; readonly offset: number; readonly table: Float32Array } | undefined

/** The value of each byte; the last table is kept, since a network asks for the same one with every picture. */
function byteTable(scale: number, offset: number): Float32Array {
  if (lastTable?.scale === scale && lastTable.offset === offset) return lastTable.table
  const table = new Float32Array(256)
  for (let value = 0; value < table.length; value++) table[value] = value * scale + offset
  lastTable = { scale, offset, table }
  return table
}
