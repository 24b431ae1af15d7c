/** A generator of numbers in 0..1 that gives the same sequence for the same seed (mulberry32). */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` numbers evenly spread over a range. */
export function uniform(seed: number, count: number, low = -1, high = 1): Float32Array {
  const next = pseudoRandom(seed)
  return Float32Array.from({ length: count }, () => low + (high - low) * next())
}

/**
 * A channels-last picture with soft shapes, edges and some noise, with values in low..high.
 *
 * Networks answer pure noise with the same saturated outputs whatever the noise is; this makes them say something.
 */
export function picture(
  seed: number,
  [height, width, channels]: readonly [number, number, number],
  low: number,
  high: number,
): Float32Array {
  const next = pseudoRandom(seed)
  const waves = Array.from({ length: channels }, () => [next(), next(), next()].map((value) => 1 + 5 * value)) as [
    number,
    number,
    number,
  ][]
  const [centreX, centreY, radius] = [0.3 + 0.4 * next(), 0.3 + 0.4 * next(), 0.15 + 0.2 * next()]
  const pixels = new Float32Array(height * width * channels)
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels
    const x = (Math.floor(i / channels) % width) / width
    const y = Math.floor(i / channels / width) / height
    const [a, b, phase] = waves[channel]!
    const inside = (x - centreX) ** 2 + ((y - centreY) * 0.8) ** 2 < radius ** 2
    const soft = 0.5 + 0.3 * Math.sin(a * x + phase) * Math.cos(b * y) + (inside ? 0.25 : -0.1) + 0.1 * (next() - 0.5)
    pixels[i] = low + (high - low) * Math.min(1, Math.max(0, soft))
  }
  return pixels
}

/** Reorders one channels-last picture to channels first. */
export function channelsFirst(pixels: Float32Array, height: number, width: number, channels: number): Float32Array {
  const area = height * width
  const result = new Float32Array(pixels.length)
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < channels; channel++) result[channel * area + i] = pixels[i * channels + channel]!
  }
  return result
}
