import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { openModel } from '../../test/kit/weights/run-onnx.ts'
import { sourceFiles, testWeightStore } from '../../test/kit/weights/source-files.ts'
import { readGguf } from './convert/gguf.ts'
import { IMAGENET_MEAN, IMAGENET_STD } from './convert/mobilenet-v3-small.ts'
import { isWeightId, weightCatalogue, weightIds } from './manifest.ts'
import { type Catalogue, partPath, type TensorSpec, type WeightSource } from './manifest-types.ts'

const catalogue: Catalogue = weightCatalogue

/** Names and types, with sizes where they are fixed: symbolic sizes have no agreed name. */
function essence(tensors: readonly { name: string; type: string; shape: readonly (number | string)[] }[]): unknown[] {
  return tensors.map(({ name, type, shape }) => [
    name,
    type,
    shape.map((size) => (typeof size === 'number' ? size : '?')),
  ])
}

function documented(tensors: readonly TensorSpec[]): unknown[] {
  return essence(tensors.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })))
}

describe('weight catalogue', () => {
  it('describes the tensors that the files really have, and their size on disk', async () => {
    const store = testWeightStore()
    for (const id of weightIds) {
      const source: WeightSource = weightCatalogue[id]
      const files: Record<string, string> = (await store.ensure(id)).files
      let bytes = 0
      for (const [key, output] of Object.entries(source.outputs)) {
        bytes += (await stat(files[key]!)).size
        if (!output.inputs || !output.outputs) continue
        const session = await openModel(files[key]!)
        const tensors = (metadata: typeof session.inputMetadata): unknown[] =>
          essence(metadata.filter((entry) => entry.isTensor))
        assert.deepEqual(tensors(session.inputMetadata), documented(output.inputs), `${id} ${key} inputs`)
        assert.deepEqual(tensors(session.outputMetadata), documented(output.outputs), `${id} ${key} outputs`)
        await session.release()
      }
      assert.ok(Math.abs(bytes - source.diskBytes) < 0.1 * bytes, `${id} takes ${bytes} bytes`)
    }
  })

  it('agrees with what the MobileNetV3 file says about itself', async () => {
    const read = await sourceFiles('mobilenet-v3-small')
    const { metadata } = readGguf(await read(weightCatalogue['mobilenet-v3-small'].conversion.gguf))
    const labels = [0, 1, 2].map((k) => metadata.get(`mobilenet.class_${k}`))
    const [, probs] = weightCatalogue['mobilenet-v3-small'].outputs.model.outputs
    assert.equal(probs.meaning, `probabilities of ${labels.join(', ')}`)
    const channels = (name: string): number[] =>
      ['r', 'g', 'b'].map((c) => Number(metadata.get(`mobilenet.${name}_${c}`)))
    assert.deepEqual(channels('mean'), IMAGENET_MEAN.map(Math.fround))
    assert.deepEqual(channels('std'), IMAGENET_STD.map(Math.fround))
  })

  it('is consistent', () => {
    for (const [id, source] of Object.entries(catalogue)) {
      assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
      assert.match(source.package.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/)
      assert.match(source.package.version, /^\d+\.\d+\.\d+$/)
      assert.match(source.provenance, /\.$/)
      const { basis, file } = source.modelLicense
      assert.equal(file !== undefined, basis === 'stated in the package', `${id} says where its licence is stated`)
      const parts = source.more ?? []
      for (const { package: pkg } of parts) assert.match(pkg.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/)
      const further = parts.flatMap(({ package: pkg, files }) => files.map(({ path }) => partPath(pkg, path)))
      const paths = new Set([...source.files.map(({ path }) => path), ...further])
      for (const { path, sha256 } of [...source.files, ...parts.flatMap(({ files }) => files)]) {
        assert.ok(!path.startsWith('/') && !path.split('/').includes('..'), path)
        assert.match(sha256, /^[0-9a-f]{64}$/)
      }
      const { conversion } = source
      const used =
        conversion.kind === 'copy'
          ? Object.values(conversion.files)
          : conversion.kind === 'mobilenet-v3-small'
            ? [conversion.gguf]
            : conversion.kind === 'ggml-whisper'
              ? [conversion.ggml]
              : conversion.kind === 'join'
                ? conversion.parts
                : conversion.kind === 'cmudict'
                  ? [conversion.dictionary]
                  : conversion.kind === 'gguf-llama'
                    ? [...conversion.parts, conversion.codebook]
                    : [conversion.model, ...conversion.weights]
      assert.deepEqual(new Set(used), paths, `${id} uses the files it lists`)
      const several: Partial<Record<typeof conversion.kind, string[]>> = {
        'ggml-whisper': ['encoder', 'decoder', 'vocabulary'],
        cmudict: ['words', 'letters'],
        'gguf-llama': ['model', 'data', 'tokenizer', 'tokenizerConfig'],
      }
      const written = several[conversion.kind] ?? ['model']
      const keys = conversion.kind === 'copy' ? Object.keys(conversion.files) : written
      assert.deepEqual(Object.keys(source.outputs).sort(), keys.sort())
    }
    assert.ok(isWeightId('coco-ssd'))
    assert.ok(!isWeightId('toString'))
  })
})
