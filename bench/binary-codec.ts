import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../src/contract/binary/index.ts'
import { MultiOutputResponseSchema } from '../src/contract/index.ts'
import { answerOf20 } from './kit/answer-of-20.ts'
import { fastest } from './kit/timing.ts'

/** Encoding and decoding of an answer with 20 concepts, ours against protobuf-es. */
export function run() {
  const message = answerOf20()
  const bytes = Buffer.from(toBinary(MultiOutputResponseSchema, message))
  const [encode, encodeEs, decode, decodeEs] = fastest(50, 2000, [
    () => encodeMessage(MultiOutputResponseSchema, message),
    () => toBinary(MultiOutputResponseSchema, message),
    () => decodeMessage(MultiOutputResponseSchema, bytes),
    () => fromBinary(MultiOutputResponseSchema, bytes),
  ]).map((ms) => ms * 1000) as [number, number, number, number]
  const figure = (name: string, ours: number, baseline: number) => ({
    name: `protobuf bytes of 20 concepts, ${name}`,
    ours,
    baseline,
    unit: 'us',
    ratio: ours / baseline,
    aim: '<= 0.67',
  })
  return [figure('encode', encode, encodeEs), figure('decode', decode, decodeEs)]
}
