/** A colour by lightness (0..100) and two colour axes; equal distances look about equally different. */
export type Lab = readonly [number, number, number]

/** White of daylight (D65), to which sRGB refers. */
const WHITE = [0.95047, 1, 1.08883] as const
const LIMIT = 6 / 29

const linear = (byte: number): number => {
  const share = byte / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}
const bent = (value: number): number => (value > LIMIT ** 3 ? Math.cbrt(value) : value / (3 * LIMIT ** 2) + 4 / 29)
const straight = (value: number): number => (value > LIMIT ? value ** 3 : 3 * LIMIT ** 2 * (value - 4 / 29))
const toByte = (value: number): number => {
  const share = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055
  return Math.round(Math.min(1, Math.max(0, share)) * 255)
}

const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => linear(byte))

/** Converts an sRGB colour (bytes) to CIE Lab. */
export function toLab(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [LINEAR[red]!, LINEAR[green]!, LINEAR[blue]!]
  const x = bent((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE[0])
  const y = bent((0.2126729 * r + 0.7151522 * g + 0.072175 * b) / WHITE[1])
  const z = bent((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE[2])
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** Converts CIE Lab to `#rrggbb`; what sRGB cannot show is brought to its nearest border. */
export function labToHex([lightness, a, b]: Lab): string {
  const y = (lightness + 16) / 116
  const X = straight(y + a / 500) * WHITE[0]
  const Y = straight(y) * WHITE[1]
  const Z = straight(y - b / 200) * WHITE[2]
  const rgb = [
    3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z,
    -0.969266 * X + 1.8760108 * Y + 0.041556 * Z,
    0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z,
  ]
  return `#${rgb.map((value) => toByte(value).toString(16).padStart(2, '0')).join('')}`
}
