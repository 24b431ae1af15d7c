import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import type { UploadType } from '../engines/onnx-model/layers.ts'
import { readUploadSettings } from '../engines/onnx-model/settings.ts'
import {
  colourClassifier,
  colourDetector,
  colourEmbedder,
  endlessModel,
  greedyModel,
  openClassifier,
} from '../engines/onnx-model/test-models.ts'
import type { CheckOrder } from './check.ts'
import { CHECK_LIMITS, type CheckLimits, checkInProcess } from './check-process.ts'
import { CLASSIFIER_CONFIG, packageOf } from './test-zip.ts'

const problem = (details: RegExp) => ({ code: StatusCode.MODEL_UPLOADING_FAILED, details })
const never = new AbortController().signal
const MIB = 1024 * 1024

interface Case {
  readonly type?: UploadType
  readonly order?: Partial<CheckOrder>
  readonly limits?: Partial<CheckLimits>
  readonly signal?: AbortSignal
}

async function check(
  t: TestContext,
  bytes: Uint8Array,
  { type = 'visual-classifier', order, limits, signal }: Case = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-check-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'package')
  await writeFile(file, bytes)
  const settings = readUploadSettings({}, {})
  const whole = { package: file, folder, type, inputMap: {}, outputMap: {}, settings, labels: [], ...order }
  return checkInProcess(whole, bytes.length, signal ?? never, { ...CHECK_LIMITS, ...limits })
}

test('a good package comes back with its model and what its tensors stand for', async (t) => {
  const { model, layers } = await check(t, packageOf(colourClassifier()))
  assert.match(model, /model\.onnx$/)
  assert.deepEqual(layers.outputs, { concepts: 'softmax_predictions' })
  assert.deepEqual(
    layers.labels.map(({ id }) => id),
    ['red', 'green', 'blue'],
  )
  const plain = await check(t, colourEmbedder(), { type: 'visual-embedder' })
  assert.match(plain.model, /package$/)
})

test('what is wrong with a package is said in one sentence', async (t) => {
  const cases: [Uint8Array, Case, RegExp][] = [
    [packageOf(colourClassifier(), 'red\ngreen'), {}, /float32 \[3\], but there are 2 labels/],
    [packageOf(openClassifier(), 'a\nb'), {}, /test run failed.*3 values for 2 labels/],
    [packageOf(colourDetector({ labels: [0, 1, 9] })), { type: 'visual-detector' }, /no output 'softmax_predictions'/],
    [
      colourDetector({ labels: [0, 1, 9] }),
      { type: 'visual-detector', order: { labels: [{ id: 'a', name: 'a' }] } },
      /test run failed.*class [19]/,
    ],
    [
      packageOf(colourClassifier(), undefined, CLASSIFIER_CONFIG.replace('UINT8', 'FP32')),
      {},
      /'image' is uint8, but config.pbtxt says FP32/,
    ],
    [packageOf(colourClassifier()), { order: { labels: [{ id: 'one', name: 'one' }] } }, /3 lines, but 1 concepts/],
    [packageOf(colourClassifier().subarray(0, 300)), {}, /not an ONNX model, or not all of it/],
    // The structure is whole, but a tensor has fewer bytes than its shape says.
    [brokenTensor(), {}, /model cannot be loaded/],
    [greedyModel(20_000_000_000), { order: { labels: THREE } }, /test run .*(alloc|memory)/],
  ]
  for (const [bytes, options, details] of cases) await assert.rejects(check(t, bytes, options), problem(details))
})

const THREE = ['a', 'b', 'c'].map((id) => ({ id, name: id }))

function brokenTensor(): Buffer {
  const file = colourClassifier()
  const at = file.indexOf('full', file.indexOf('full') + 4)
  // dims [1] -> dims [100] of the constant, which keeps its four bytes.
  const dims = file.lastIndexOf(Buffer.from([0x08, 0x01, 0x10, 0x01]), at + 20)
  file[dims + 1] = 100
  return file
}

test('a model that never ends and one that eats memory are ended', async (t) => {
  const labels = THREE
  const quick = { ...CHECK_LIMITS.stageMs, run: 1_000 }
  await assert.rejects(
    check(t, endlessModel(), { order: { labels }, limits: { stageMs: quick } }),
    problem(/test run of the model took longer than 1 seconds/),
  )
  await assert.rejects(
    check(t, greedyModel(400_000_000), { order: { labels }, limits: { rssBytes: () => 512 * MIB } }),
    problem(/took more than 512 MiB of memory/),
  )
})

test('a check that is no longer wanted ends with the reason', async (t) => {
  const reason = new Error('enough')
  const abort = new AbortController()
  const running = check(t, endlessModel(), { order: { labels: THREE }, signal: abort.signal })
  abort.abort(reason)
  await assert.rejects(running, reason)
})
