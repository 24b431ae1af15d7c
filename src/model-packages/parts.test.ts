import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import {
  colourClassifier,
  customModel,
  endlessModel,
  externalModel,
  modelFile,
} from '../engines/onnx-model/test-models.ts'
import { readLabels, withIds } from './labels.ts'
import { checkOnnxStructure } from './onnx-structure.ts'
import { parseTextFormat } from './pbtxt.ts'
import { CLASSIFIER_CONFIG, packageOf, type ZipPart, zipOf } from './test-zip.ts'
import { unpackModel } from './unpack.ts'

const problem = (details: RegExp) => ({ code: StatusCode.MODEL_UPLOADING_FAILED, details })

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-package-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function unpack(t: TestContext, bytes: Uint8Array) {
  const [outer, inner] = [await folderFor(t), await folderFor(t)]
  const file = join(outer, 'package')
  await writeFile(file, bytes)
  try {
    return { file, ...(await unpackModel(file, inner)) }
  } finally {
    assert.deepEqual(await readdir(outer), ['package'])
    for (const name of await readdir(inner)) assert.equal(name, 'model.onnx')
  }
}

const MODEL: ZipPart = { name: '1/model.onnx', bytes: 'model' }

test('the packaging of Triton: the newest version, labels as config.pbtxt names them', async (t) => {
  const plain = await unpack(t, packageOf(Buffer.from('model')))
  assert.equal(await readFile(plain.model, 'utf8'), 'model')
  assert.deepEqual(plain.labels, ['red', 'green', 'blue'])
  assert.deepEqual(plain.config, {
    inputs: [{ name: 'image', type: 'UINT8' }],
    outputs: [{ name: 'softmax_predictions', type: 'FP32' }],
  })
  const nested = await unpack(
    t,
    zipOf([
      { name: 'colours/', bytes: '' },
      { name: 'colours/config.pbtxt', bytes: 'name: "x"' },
      { name: 'colours/2/model.onnx', bytes: 'two' },
      { name: 'colours/10/model.onnx', bytes: 'ten' },
      { name: 'labels.txt', bytes: 'elsewhere' },
    ]),
  )
  assert.equal(await readFile(nested.model, 'utf8'), 'ten')
  assert.equal(nested.labels, undefined)
})

test('a zip file with one model, and the model itself', async (t) => {
  const alone = await unpack(
    t,
    zipOf([
      { name: 'net.onnx', bytes: 'model' },
      { name: 'labels.csv', bytes: 'a\r\nb' },
    ]),
  )
  assert.equal(await readFile(alone.model, 'utf8'), 'model')
  assert.deepEqual(alone.labels, ['a', 'b'])
  const { file, model } = await unpack(t, Buffer.from('model'))
  assert.equal(model, file)
})

test('packages that lead out of their folder, lie or swell are refused and leave nothing', async (t) => {
  const cases: [Buffer, RegExp][] = [
    [zipOf([MODEL, { name: '../../evil', bytes: 'x' }]), /zip file cannot be read: invalid relative path/],
    [zipOf([MODEL, { name: '/etc/passwd', bytes: 'x' }]), /absolute path/],
    [zipOf([MODEL, { name: 'a\\..\\..\\evil', bytes: 'x' }]), /invalid/],
    [zipOf([MODEL, { name: 'C:/evil', bytes: 'x' }]), /absolute path/],
    [zipOf([{ ...MODEL, bytes: Buffer.alloc(8 * 1024 * 1024) }]), /100 times its size/],
    [zipOf([{ ...MODEL, bytes: Buffer.alloc(900_000), claimedSize: 1_000 }]), /cannot be read: too many bytes/],
    [zipOf([{ ...MODEL, claimedSize: 1_000 }]), /cannot be read: not enough bytes/],
    [zipOf([{ ...MODEL, claimedSum: 1 }]), /is damaged/],
    [zipOf([{ ...MODEL, flags: 1 }]), /password/],
    [zipOf([MODEL, MODEL]), /two files/],
    [zipOf(Array.from({ length: 1_001 }, (_, at) => ({ name: `${at}`, bytes: '' }))), /1001 files/],
    [packageOf(Buffer.from('model')).subarray(0, -30), /cannot be read/],
    [zipOf([{ name: '1/model.py', bytes: 'import os' }]), /no model.*export the model/],
    [
      zipOf([
        { name: 'a.onnx', bytes: '' },
        { name: 'b.onnx', bytes: '' },
      ]),
      /several/,
    ],
    [packageOf(Buffer.from('m'), '\n'), /labels file is empty/],
    [
      packageOf(Buffer.from('m'), 'a', CLASSIFIER_CONFIG.replace('labels.txt', '../labels.txt')),
      /lacks the labels file/,
    ],
    [packageOf(Buffer.from('m'), 'a', 'input { data_type: TYPE_FP32 }'), /lacks its name/],
    [zipOf([]), /no model/],
  ]
  for (const [bytes, details] of cases) await assert.rejects(unpack(t, bytes), problem(details))
})

test('text format: lists, nesting, comments, strings in pieces', () => {
  const read = parseTextFormat(
    `a: 1, b < c: 'x\\ny' "z" > # note\n b { } list: [1, -2.5e3 , "]"]; é_not: 1`.replace('é_not', 'last'),
  )
  assert.deepEqual(JSON.parse(JSON.stringify(read)), {
    a: ['1'],
    b: [{ c: ['x\nyz'] }, {}],
    list: ['1', '-2.5e3', ']'],
    last: ['1'],
  })
  assert.equal(Object.hasOwn(parseTextFormat('__proto__ { x: 1 }'), '__proto__'), true)
  for (const [text, details] of [
    ['a: "open', /cannot be read in line 1/],
    ['a {\n b: 1', /ends too early in line 2/],
    ['}', /where a field should begin/],
    ['a: ]', /where a value should be/],
    ['a {'.repeat(100), /nested too deeply/],
    ['a: [', /ends too early/],
    [`a: [${'1,'.repeat(10_001)}]`, /more than 10000 values/],
  ] as const) {
    assert.throws(() => parseTextFormat(text), problem(details))
  }
})

test('labels become distinct concept ids', () => {
  assert.deepEqual(readLabels(Buffer.from('\ufeffcat\r\n dog \n\n')), ['cat', 'dog'])
  assert.deepEqual(
    withIds(['cat', 'a/c', 'cat', 'cat', 'cat-2']).map(({ id }) => id),
    ['cat', 'a-c', 'cat-2', 'cat-3', 'cat-2-2'],
  )
  const [first, second] = withIds(['ü'.repeat(150), 'ü'.repeat(150)])
  assert.ok(Buffer.byteLength(second!.id) <= 128 && first!.id !== second!.id)
  for (const [bytes, details] of [
    [Buffer.from([0xff, 0xfe]), /UTF-8/],
    [Buffer.from('a\n\nb'), /Line 2/],
    [Buffer.from('x'.repeat(201)), /Line 1/],
    [Buffer.from('x\n'.repeat(20_001)), /20001 lines/],
  ] as const) {
    assert.throws(() => readLabels(bytes), problem(details))
  }
})

test('the structure of a model is read before the runtime sees it', async (t) => {
  const file = join(await folderFor(t), 'model')
  const check = async (bytes: Uint8Array) => {
    await writeFile(file, bytes)
    checkOnnxStructure(file)
  }
  await check(colourClassifier())
  await check(endlessModel())
  const opset = (version: number) => modelFile({ nodes: [], inputs: [], outputs: [], opset: version })
  for (const [bytes, details] of [
    [customModel('com.evil'), /operator 'Secret' of 'com.evil'/],
    [externalModel('../../../etc/passwd'), /weights in another file/],
    [externalModel('weights.bin'), /weights in another file/],
    [opset(6), /version 6 .* 7 to 26/],
    [opset(999), /version 999/],
    [colourClassifier().subarray(0, 200), /not an ONNX model, or not all of it/],
    [Buffer.from('hello, this is no model'), /not an ONNX model/],
    [Buffer.alloc(0), /not an ONNX model/],
    [nestedGraphs(40), /nests graphs deeper than 16/],
  ] as const) {
    await assert.rejects(check(bytes), problem(details))
  }
})

/** A model whose node holds a graph, whose node holds a graph, and so on. */
function nestedGraphs(depth: number): Buffer {
  const wrap = (field: number, bytes: Buffer): Buffer =>
    Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
  let graph: Buffer = Buffer.alloc(0)
  for (let level = 0; level < depth; level++) graph = wrap(1, wrap(5, wrap(6, graph)))
  return Buffer.concat([wrap(7, graph), wrap(8, Buffer.from([0x10, 17]))])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}
