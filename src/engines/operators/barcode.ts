import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { create } from '@bufbuild/protobuf'
import type { ReadInputBarcodeFormat, ReadResult } from 'zxing-wasm/reader'
import { DataSchema, type Region, RegionSchema, TextSchema } from '../../contract/index.ts'
import type { ImageHandle } from '../../media/image.ts'
import { boxRegion, pictureOf } from '../kit.ts'
import { booleanParam, choicesParam, countParam } from '../params.ts'
import { MAX_BARCODE_PIXELS, MAX_BARCODES } from './limits.ts'
import { operator } from './operator.ts'

/** The kinds of codes that are read, by the names that the parameter gives them. */
const FORMATS = {
  'ean-upc': ['EANUPC'],
  'code-128': ['Code128'],
  'code-39': ['Code39'],
  itf: ['ITF'],
  qr: ['QRCode'],
} as const satisfies Record<string, readonly ReadInputBarcodeFormat[]>
type FormatName = keyof typeof FORMATS
const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[]

/**
 * Reads bar codes: EAN and UPC, Code 128, Code 39, Interleaved 2 of 5 and QR, in any direction. Each is a region with
 * its box and its text, UPC codes as the EAN-13 that they stand for; metadata `barcode_format` says which kind it is.
 * `formats` limits the kinds, `try_harder` takes more time over codes that are small, blurred or turned.
 */
export const barcode = operator('barcode-operator', ({ params }) => {
  const formats = choicesParam(params, 'formats', FORMAT_NAMES, FORMAT_NAMES)
  const tryHarder = booleanParam(params, 'try_harder', true)
  const most = countParam(params, 'max_codes', { otherwise: MAX_BARCODES, min: 1, max: MAX_BARCODES })
  const options = {
    formats: formats.flatMap((name) => FORMATS[name]),
    maxNumberOfSymbols: most,
    tryHarder,
    tryRotate: tryHarder,
    tryInvert: tryHarder,
    tryDownscale: tryHarder,
  }
  return async (item) => {
    const { readBarcodes } = await reader()
    const pixels = await pixelsOf(await pictureOf(item))
    // The browser's type of pixels, of which the reader uses no more than these fields.
    const codes = await readBarcodes(pixels as Parameters<typeof readBarcodes>[0], options)
    return create(DataSchema, { regions: codes.flatMap((code) => regionOf(code, pixels)) })
  }
})

let loaded: Promise<typeof import('zxing-wasm/reader')> | undefined

/** The reader with its WebAssembly from the package; left to itself it would fetch it from the network. */
function reader(): Promise<typeof import('zxing-wasm/reader')> {
  loaded ??= (async () => {
    const zxing = await import('zxing-wasm/reader')
    const wasm = await readFile(fileURLToPath(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')))
    const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer
    await zxing.prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
    return zxing
  })()
  loaded.catch(() => {
    loaded = undefined
  })
  return loaded
}

interface Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
}

/** Pixels as the reader wants them, four bytes each; large pictures are reduced. */
async function pixelsOf(picture: ImageHandle): Promise<Pixels> {
  const factor = Math.min(1, Math.sqrt(MAX_BARCODE_PIXELS / (picture.width * picture.height)))
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.floor(side * factor))) as [
    number,
    number,
  ]
  const rgb = factor < 1 ? { data: await picture.rgb(width, height), width, height } : await picture.pixels()
  const data = new Uint8ClampedArray(rgb.width * rgb.height * 4).fill(255)
  for (let from = 0, to = 0; from < rgb.data.length; from += 3, to += 4) {
    data[to] = rgb.data[from]!
    data[to + 1] = rgb.data[from + 1]!
    data[to + 2] = rgb.data[from + 2]!
  }
  return { data, width: rgb.width, height: rgb.height }
}

function regionOf({ text, format, position, isValid }: ReadResult, { width, height }: Pixels): Region[] {
  if (!isValid || text === '') return []
  const corners = [position.topLeft, position.topRight, position.bottomRight, position.bottomLeft]
  const [xs, ys] = [corners.map(({ x }) => x / width), corners.map(({ y }) => y / height)]
  const box = { top: Math.min(...ys), left: Math.min(...xs), bottom: Math.max(...ys), right: Math.max(...xs) }
  const region = boxRegion(box, 1, { text: create(TextSchema, { raw: text }) })
  const data = create(DataSchema, { text: region.data!.text!, metadata: { barcode_format: format } })
  return [create(RegionSchema, { ...region, data })]
}
