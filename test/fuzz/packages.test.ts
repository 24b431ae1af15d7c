import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { readUploadSettings } from '../../src/engines/onnx-model/settings.ts'
import {
  colourClassifier,
  colourDetector,
  colourEmbedder,
  hangingTrap,
} from '../../src/engines/onnx-model/test-models.ts'
import { checkInProcess } from '../../src/model-packages/check-process.ts'
import { checkOnnxStructure } from '../../src/model-packages/onnx-structure.ts'
import { CLASSIFIER_CONFIG, packageOf, zipOf } from '../../src/model-packages/test-zip.ts'
import { unpackModel } from '../../src/model-packages/unpack.ts'
import { type Mutant, mutant, type Sample } from './mutate.ts'
import { FACTOR, keep, SEED } from './settings.ts'

const PACKAGES = 800 * FACTOR
const MODELS = 2_000 * FACTOR
/** Models whose structure passes that are loaded and run as well, each in a process of its own. */
const LOADED = 12 * FACTOR

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-fuzz-packages-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** Whether `work` did what it should: succeed, or refuse the file in a sentence. */
async function judged(group: string, file: Mutant, work: () => unknown): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (isAppError(error) && error.code === StatusCode.MODEL_UPLOADING_FAILED && /^[A-Z].*\.$/s.test(error.details)) {
      return false
    }
    throw new Error(`${isAppError(error) ? `${error.code} ${error.details}` : error} for ${keep(group, file)}`, {
      cause: error,
    })
  }
}

const sample = (name: string, bytes: Buffer): Sample => ({ name, bytes, numbers: [bytes.length] })

describe('damaged packages of models', () => {
  test('are unpacked or refused, and leave nothing outside of their folder', async (t) => {
    const whole = [
      sample('triton', packageOf(colourClassifier())),
      sample('long labels', packageOf(colourClassifier(), 'a\n'.repeat(500))),
      sample(
        'two versions',
        zipOf(['1', '7'].map((name) => ({ name: `${name}/model.onnx`, bytes: colourEmbedder() }))),
      ),
      sample('config', packageOf(colourClassifier(), 'a\nb\nc', CLASSIFIER_CONFIG.repeat(3))),
    ]
    const [file, inner] = [join(folder, 'package'), join(folder, 'inner')]
    let unpacked = 0
    for (let at = 0; at < PACKAGES; at++) {
      const damaged = mutant(whole, SEED, at)
      await writeFile(file, damaged.bytes)
      await rm(inner, { recursive: true, force: true })
      await mkdir(inner)
      if (await judged('package', damaged, () => unpackModel(file, inner))) unpacked++
      assert.deepEqual(await readdir(folder), ['inner', 'package'])
      for (const name of await readdir(inner)) assert.equal(name, 'model.onnx')
    }
    t.diagnostic(`seed ${SEED}: ${unpacked} of ${PACKAGES} were unpacked`)
    assert.ok(unpacked > PACKAGES / 50 && unpacked < PACKAGES * 0.9)
  })

  test('of what is inside, models are read, loaded and run or refused', async (t) => {
    const whole = [
      sample('classifier', colourClassifier()),
      sample('detector', colourDetector()),
      sample('embedder', colourEmbedder()),
      sample('loop', hangingTrap()),
    ]
    const file = join(folder, 'package')
    const sound: Mutant[] = []
    for (let at = 0; at < MODELS; at++) {
      const damaged = mutant(whole, SEED, at)
      await writeFile(file, damaged.bytes)
      if (await judged('onnx', damaged, () => checkOnnxStructure(file))) sound.push(damaged)
    }
    const limits = { stageMs: { read: 60_000, load: 60_000, run: 2_000 }, rssBytes: () => 800 * 1024 * 1024 }
    const type = 'visual-classifier' as const
    const settings = readUploadSettings({}, {})
    const labels = ['a', 'b', 'c'].map((id) => ({ id, name: id }))
    let ran = 0
    for (const damaged of sound.slice(0, LOADED)) {
      const own = await mkdtemp(join(folder, 'run-'))
      await writeFile(file, damaged.bytes)
      const order = { package: file, folder: own, type, inputMap: {}, outputMap: {}, settings, labels }
      const { signal } = new AbortController()
      if (await judged('onnx-run', damaged, () => checkInProcess(order, damaged.bytes.length, signal, limits))) ran++
      await rm(own, { recursive: true })
    }
    t.diagnostic(
      `seed ${SEED}: ${sound.length} of ${MODELS} have a structure; ${ran} of ${Math.min(LOADED, sound.length)} ran`,
    )
    assert.ok(sound.length > MODELS / 50 && ran > 0)
  })
})
