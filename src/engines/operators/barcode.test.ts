import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { create, type JsonValue } from '@bufbuild/protobuf'
import sharp from 'sharp'
import { prepareZXingModule, type WriterOptions, writeBarcode } from 'zxing-wasm/writer'
import { type Data, DataSchema, ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../../workflow/data.ts'
import { barcode } from './barcode.ts'
import { MAX_BARCODE_PIXELS } from './limits.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'
import { apply, scope } from './test-support.ts'

const wasm = await readFile(fileURLToPath(import.meta.resolve('zxing-wasm/writer/zxing_writer.wasm')))
await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true })

/** A code as a PNG file, drawn by another program than the one that reads it. */
async function codeFile(text: string, format: WriterOptions['format'], scale = 4): Promise<Buffer> {
  const { image, error } = await writeBarcode(text, { format, scale, addQuietZones: true })
  assert.ok(image, error)
  return Buffer.from(await image.arrayBuffer())
}

interface Placed {
  readonly file: Buffer
  readonly left: number
  readonly top: number
  readonly turn?: number
}

/** A grey picture with codes on it. */
async function sheet(width: number, height: number, codes: Placed[]): Promise<Buffer> {
  const parts = await Promise.all(
    codes.map(async ({ file, left, top, turn = 0 }) => ({
      input: await sharp(file).rotate(turn, { background: '#ffffff' }).png().toBuffer(),
      left,
      top,
    })),
  )
  return sharp({ create: { width, height, channels: 3, background: '#d0d0d0' } })
    .composite(parts)
    .png()
    .toBuffer()
}

const imageData = (base64: Uint8Array): Data => create(DataSchema, { image: create(ImageSchema, { base64 }) })
const read = async (file: Uint8Array, params: Record<string, JsonValue> = {}) =>
  (await apply(barcode, imageData(file), { params })).regions.map(({ data }) => [
    data!.metadata!.barcode_format,
    data!.text!.raw,
  ])

for (const [format, text, name, answered = text] of [
  ['EAN13', '4006381333931', 'EAN13'],
  ['EAN8', '96385074', 'EAN8'],
  ['UPCA', '036000291452', 'EAN13', '0036000291452'],
  ['UPCE', '01234565', 'UPCE', '0012345000065'],
  ['Code128', 'Limpid-128 (ok)', 'Code128'],
  ['Code39', 'CODE 39', 'Code39'],
  ['ITF', '30712345000010', 'ITF'],
  ['QRCode', 'https://example.org/?q=Grüße', 'QRCode'],
] as [WriterOptions['format'], string, string, string?][]) {
  test(`${format} is read, upright and turned`, async () => {
    const file = await codeFile(text, format, 3)
    for (const turn of [0, 90, 180]) {
      const [found, ...others] = await read(await sheet(1000, 1000, [{ file, left: 60, top: 80, turn }]))
      assert.equal(others.length, 0)
      assert.ok(String(found?.[0]).startsWith(name), `${found}`)
      assert.equal(found![1], answered)
    }
  })
}

test('several codes are read, each with its box', async () => {
  const [qr, ean] = await Promise.all([codeFile('left', 'QRCode'), codeFile('4006381333931', 'EAN13')])
  const file = await sheet(1000, 500, [
    { file: qr, left: 50, top: 100 },
    { file: ean, left: 550, top: 200 },
  ])
  const { regions } = await apply(barcode, imageData(file))
  const byText = new Map(regions.map((region) => [region.data!.text!.raw, region]))
  const left = byText.get('left')!.regionInfo!.boundingBox!
  const { width } = await sharp(qr).metadata()
  assert.ok(left.leftCol > 0.05 && left.rightCol < (50 + width) / 1000 && left.topRow > 0.2, JSON.stringify(left))
  assert.ok(byText.get('4006381333931')!.regionInfo!.boundingBox!.leftCol > 0.55)
  assert.deepEqual(
    regions.map(({ value }) => value),
    [1, 1],
  )
})

test('only the wanted kinds, and not more than wanted', async () => {
  const [qr, ean] = await Promise.all([codeFile('q', 'QRCode'), codeFile('4006381333931', 'EAN13')])
  const file = await sheet(1000, 500, [
    { file: qr, left: 50, top: 100 },
    { file: ean, left: 550, top: 200 },
  ])
  assert.deepEqual(await read(file, { formats: ['qr'] }), [['QRCode', 'q']])
  assert.deepEqual(await read(file, { formats: ['ean-upc', 'itf'], try_harder: false }), [['EAN13', '4006381333931']])
  assert.equal((await read(file, { max_codes: 1 })).length, 1)
})

test('a picture without codes has no regions; noise is no code', async () => {
  assert.deepEqual(await read(await sheet(300, 200, [])), [])
  const noise = Uint8Array.from({ length: 200 * 200 * 3 }, (_, at) => (at * 2654435761) >>> 24)
  const within = scope()
  const image = create(ImageSchema)
  within.bindImage(image, ImageHandle.fromRaw(noise, 200, 200))
  assert.deepEqual((await apply(barcode, create(DataSchema, { image }), {}, within)).regions, [])
})

test('a picture of one pixel, and one that must be reduced', async () => {
  assert.deepEqual(await read(await sheet(1, 1, [])), [])
  const side = Math.ceil(Math.sqrt(MAX_BARCODE_PIXELS)) + 400
  const file = await sheet(side, side, [{ file: await codeFile('big', 'QRCode', 12), left: 800, top: 700 }])
  assert.deepEqual(await read(file), [['QRCode', 'big']])
})

test('wrong parameters and wrong pictures are refused', async () => {
  const file = await sheet(10, 10, [])
  const wrong: Record<string, JsonValue>[] = [
    { formats: ['pdf417'] },
    { formats: 7 },
    { max_codes: 0 },
    { max_codes: 1e9 },
    { max_codes: 'NaN' },
    { try_harder: 'very' },
  ]
  for (const params of wrong) {
    await assert.rejects(read(file, params), { code: StatusCode.MODEL_INVALID_ARGUMENT }, JSON.stringify(params))
  }
  await assert.rejects(read(Buffer.from('no picture')), { code: StatusCode.INPUT_UNSUPPORTED_FORMAT })
  await assert.rejects(apply(barcode, dataOf()), { code: StatusCode.INPUT_UNSUPPORTED_FORMAT })
})

test('in a workflow: codes on crops are texts that a classifier reads', async () => {
  const file = await sheet(900, 400, [{ file: await codeFile('4006381333931', 'EAN13'), left: 100, top: 50 }])
  const workflow: JsonValue = {
    id: 'codes',
    nodes: [
      { id: 'read', model: { id: 'barcode-operator' } },
      { id: 'join', model: { id: 'text-aggregation-operator' }, nodeInputs: [{ nodeId: 'read' }] },
      {
        id: 'german',
        model: { id: 'regex-based-classifier' },
        nodeInputs: [{ nodeId: 'join' }],
        outputInfoOverride: { params: { regex: '^4[0-4]' }, data: { concepts: [{ id: 'german' }] } },
      },
    ],
  }
  const [result] = await runWorkflow(workflow, new OperatorHost({}), [imageData(file)])
  assert.equal(result!.join!.data!.text!.raw, '4006381333931')
  assert.deepEqual(
    result!.german!.data!.concepts.map(({ id }) => id),
    ['german'],
  )
})
