import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import type { Engine } from '../engine.ts'
import { paddleOcr } from '../ocr/engine.ts'
import { choiceParam } from '../params.ts'
import { textData } from './texts.ts'

/** Tesseract's codes of the languages that the network reads; English stands for any text in plain Latin letters. */
const LANGUAGES = ['eng', 'chi_sim'] as const

/**
 * Reads the printed text of a picture, line by line: image -> text. Tesseract itself is not part of this program; the
 * network PP-OCRv4 reads in its place, so that languages other than its own are refused.
 */
export const tesseract: Engine = {
  name: 'tesseract-operator',
  weights: paddleOcr.weights,
  async load(files) {
    const ocr = await paddleOcr.load(files)
    return {
      bytes: ocr.bytes,
      dispose: () => ocr.dispose(),
      async infer(items, setup) {
        choiceParam(setup.params, 'language', LANGUAGES, 'eng')
        const read = await ocr.infer(items, { ...setup, params: {} })
        return read.map(({ regions }) => {
          const lines = regions.map(({ data }) => data?.text?.raw ?? '').filter((line) => line !== '')
          return lines.length === 0 ? create(DataSchema) : textData(lines.join('\n'))
        })
      },
    }
  },
}
