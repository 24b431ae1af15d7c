/** How the bytes of the three channels become the numbers of a network: (value / 255 - mean) / deviation. */
export interface ChannelNorm {
  readonly mean: readonly [number, number, number]
  readonly deviation: readonly [number, number, number]
}

/** As CLIP was trained. */
export const CLIP_PIXELS: ChannelNorm = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
}
/** As networks on ImageNet are mostly trained. */
export const IMAGENET_PIXELS: ChannelNorm = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }
/** From -1 to 1. */
export const SIGNED_PIXELS: ChannelNorm = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] }
/** From 0 to 1. */
export const UNIT_PIXELS: ChannelNorm = { mean: [0, 0, 0], deviation: [1, 1, 1] }

/** Packed RGB as planes of red, green and blue. */
export function planar(rgb: Uint8Array, { mean, deviation }: ChannelNorm): Float32Array {
  const plane = rgb.length / 3
  const out = new Float32Array(rgb.length)
  for (let channel = 0; channel < 3; channel++) {
    const [offset, scale] = [-mean[channel]! / deviation[channel]!, 1 / (255 * deviation[channel]!)]
    for (let from = channel, to = channel * plane; from < rgb.length; from += 3, to++)
      out[to] = rgb[from]! * scale + offset
  }
  return out
}
