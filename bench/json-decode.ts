import { PostModelOutputsRequestSchema } from '../src/contract/index.ts'
import { decodeRequest } from '../src/contract/json/index.ts'
import { fastest } from './kit/timing.ts'

const IMAGE_BYTES = 5 * 1024 * 1024
const ROUNDS = 15
// Several calls a round, because the garbage of one (12 MB) is collected during the next.
const CALLS = 4

/** Decoding a predict request with a 5 MB image in base64, against JSON.parse and Buffer.from alone. */
export function run() {
  const bytes = Uint8Array.from({ length: IMAGE_BYTES }, (_, i) => (i * 31) ^ (i >> 8))
  const base64 = Buffer.from(bytes).toString('base64')
  const text = JSON.stringify({ inputs: [{ data: { image: { base64 } } }] })
  const [ours, baseline] = fastest(ROUNDS, CALLS, [
    () => decodeRequest(PostModelOutputsRequestSchema, text),
    () => Buffer.from(JSON.parse(text).inputs[0].data.image.base64, 'base64'),
  ])
  const ratio = ours! / baseline!
  return { name: 'JSON request with a 5 MB image, decode', ours, baseline, unit: 'ms', ratio, aim: '<= 1.5' }
}
