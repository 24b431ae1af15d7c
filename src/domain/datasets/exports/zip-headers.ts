/** What the two headers of a file in an archive say. */
export interface Header extends Sums {
  readonly name: string
  /** Where its local header begins. */
  readonly offset: number
  readonly isPacked: boolean
  /** Whether its sums stand behind its bytes. */
  readonly isStreamed: boolean
}

/** What is counted of a file. */
export interface Sums {
  readonly crc: number
  readonly packedSize: number
  readonly size: number
}

// From here on numbers do not fit into the fields of the first zip and stand in extra fields.
const FULL = 0xffff_ffff
const FULL_SHORT = 0xffff
const ZIP64 = 45
const UTF8 = 0x800
const SUMS_BEHIND = 0x8
const DEFLATED = 8
/** The first of January 1980, always the same, so that an export of the same content is the same file. */
const DATE = 0x21

/** The numbers one after the other, each with its width in bytes. */
function bytesOf(...fields: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [width]) => sum + width, 0))
  let at = 0
  for (const [width, value] of fields) {
    if (width === 8) bytes.writeBigUInt64LE(BigInt(value), at)
    else bytes.writeUIntLE(value, at, width)
    at += width
  }
  return bytes
}

/** Whether sizes stand in an extra field: where they are large, and where they are not known beforehand. */
const isLong = ({ isStreamed, packedSize, size }: Header): boolean => isStreamed || packedSize >= FULL || size >= FULL

function common(header: Header): (readonly [2 | 4, number])[] {
  const { isPacked, isStreamed, crc, packedSize, size, name } = header
  const early = isStreamed ? { crc: 0, packedSize: 0, size: 0 } : { crc, packedSize, size }
  const long = isLong(header)
  return [
    [2, ZIP64],
    [2, UTF8 | (isStreamed ? SUMS_BEHIND : 0)],
    [2, isPacked ? DEFLATED : 0],
    [2, 0],
    [2, DATE],
    [4, early.crc],
    [4, long ? FULL : early.packedSize],
    [4, long ? FULL : early.size],
    [2, Buffer.byteLength(name)],
  ]
}

/** The header before the bytes of a file. */
export function localHeader(header: Header): Buffer {
  const { isStreamed, packedSize, size } = header
  const sizes = isStreamed ? ([0, 0] as const) : ([size, packedSize] as const)
  const extra = isLong(header) ? bytesOf([2, 1], [2, 16], [8, sizes[0]], [8, sizes[1]]) : Buffer.alloc(0)
  return Buffer.concat([
    bytesOf([4, 0x0403_4b50], ...common(header), [2, extra.length]),
    Buffer.from(header.name),
    extra,
  ])
}

/** What stands behind the bytes of a streamed file. */
export const sizesAfter = ({ crc, packedSize, size }: Sums): Buffer =>
  bytesOf([4, 0x0807_4b50], [4, crc], [8, packedSize], [8, size])

/** The entry of a file in the list at the end. */
export function centralHeader(header: Header): Buffer {
  const { crc, packedSize, size, offset } = header
  const far = offset >= FULL
  const long = isLong(header)
  const longs: (readonly [8, number])[] = [
    ...(long
      ? ([
          [8, size],
          [8, packedSize],
        ] as const)
      : []),
    ...(far ? ([[8, offset]] as const) : []),
  ]
  const extra = longs.length > 0 ? bytesOf([2, 1], [2, longs.length * 8], ...longs) : Buffer.alloc(0)
  const fields = common({ ...header, isStreamed: false })
  // The sums are known by now, and the flag must be the same in both places.
  fields[1] = [2, UTF8 | (header.isStreamed ? SUMS_BEHIND : 0)]
  fields[5] = [4, crc]
  fields[6] = [4, long ? FULL : packedSize]
  fields[7] = [4, long ? FULL : size]
  const rest = [
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, far ? FULL : offset],
  ] as const
  return Buffer.concat([bytesOf([4, 0x0201_4b50], [2, ZIP64], ...fields, ...rest), Buffer.from(header.name), extra])
}

/** The end of an archive with `count` files, whose list begins at `offset`. */
export function endOf(count: number, offset: number, central: readonly Buffer[]): Buffer {
  const size = central.reduce((sum, { length }) => sum + length, 0)
  const isLarge = count >= FULL_SHORT || offset >= FULL || size >= FULL
  const large = isLarge
    ? [
        bytesOf(
          [4, 0x0606_4b50],
          [8, 44],
          [2, ZIP64],
          [2, ZIP64],
          [4, 0],
          [4, 0],
          [8, count],
          [8, count],
          [8, size],
          [8, offset],
        ),
        bytesOf([4, 0x0706_4b50], [4, 0], [8, offset + size], [4, 1]),
      ]
    : []
  const short = isLarge ? FULL_SHORT : count
  const end = bytesOf(
    [4, 0x0605_4b50],
    [2, 0],
    [2, 0],
    [2, short],
    [2, short],
    [4, isLarge ? FULL : size],
    [4, isLarge ? FULL : offset],
    [2, 0],
  )
  return Buffer.concat([...large, end])
}
