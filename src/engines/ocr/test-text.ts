import { ImageHandle } from '../../media/image.ts'

/** Dot-matrix letters, rows from top to bottom: tests must not depend on the fonts of a machine. */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  A: ['.###.', '#...#', '#...#', '#####', '#...#', '#...#', '#...#'],
  E: ['#####', '#....', '#....', '####.', '#....', '#....', '#####'],
  H: ['#...#', '#...#', '#...#', '#####', '#...#', '#...#', '#...#'],
  I: ['.###.', '..#..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  L: ['#....', '#....', '#....', '#....', '#....', '#....', '#####'],
  N: ['#...#', '##..#', '#.#.#', '#.#.#', '#..##', '#...#', '#...#'],
  O: ['.###.', '#...#', '#...#', '#...#', '#...#', '#...#', '.###.'],
  P: ['####.', '#...#', '#...#', '####.', '#....', '#....', '#....'],
  R: ['####.', '#...#', '#...#', '####.', '#.#..', '#..#.', '#...#'],
  S: ['.####', '#....', '#....', '.###.', '....#', '....#', '####.'],
  T: ['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..'],
  '2': ['.###.', '#...#', '....#', '..##.', '.#...', '#....', '#####'],
  '4': ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
}

const COLUMNS = 5
const ROWS = 7

/** A word and where it stands: left upper corner and size of a dot, in pixels. */
export interface Word {
  readonly text: string
  readonly left: number
  readonly top: number
  readonly dot: number
}

/** A light picture with dark words in it. */
export async function pictureOfWords(width: number, height: number, words: readonly Word[]): Promise<ImageHandle> {
  const pixels = new Uint8Array(width * height * 3).fill(240)
  for (const { text, left, top, dot } of words) {
    for (const [place, letter] of [...text].entries()) {
      const x0 = left + place * (COLUMNS + 1) * dot
      for (let y = 0; y < ROWS * dot; y++) {
        for (let x = 0; x < COLUMNS * dot; x++) {
          if (LETTERS[letter]![Math.floor(y / dot)]![Math.floor(x / dot)] !== '#') continue
          pixels.fill(20, ((top + y) * width + x0 + x) * 3, ((top + y) * width + x0 + x + 1) * 3)
        }
      }
    }
  }
  // Halving softens the edges of the dots, as a camera would.
  const half = ImageHandle.fromRaw(pixels, width, height)
  const size = { width: Math.floor(width / 2), height: Math.floor(height / 2) }
  return ImageHandle.fromRaw(await half.rgb(size.width, size.height), size.width, size.height)
}
