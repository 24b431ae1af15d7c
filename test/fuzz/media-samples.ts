import sharp from 'sharp'
import { bmp24, bmpHeader, gradient, picture } from '../../src/media/test-images.ts'
import { encodeTone, encodeVideo } from '../../src/media/test-media.ts'
import type { Sample } from './mutate.ts'

/** Sizes that occur nowhere else in a file, so that they are found in its header. */
const [WIDTH, HEIGHT] = [67, 45]
const [FILM_WIDTH, FILM_HEIGHT] = [80, 48]
const FRAMES = 7
/** Its colours are brought to ours by a table that is made for each reading. */
const SLOW = 'jpeg-cmyk'
const [SOUND_RATE, SOUND_CHANNELS] = [16_000, 1] as const

/** Small pictures of every accepted format, in the variants that decoders treat differently. */
export async function imageSamples(): Promise<Sample[]> {
  const plain = () => picture(WIDTH, HEIGHT)
  const seeThrough = () => plain().ensureAlpha(0.5)
  const raw = { width: WIDTH, height: HEIGHT * 3, channels: 3, pageHeight: HEIGHT } as const
  const moving = () => sharp(gradient(WIDTH, HEIGHT * 3), { raw })
  const made: Record<string, Promise<Buffer> | Buffer> = {
    jpeg: plain().jpeg().toBuffer(),
    'jpeg-progressive': plain().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    'jpeg-turned': plain().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'jpeg-cmyk': plain().toColourspace('cmyk').jpeg().toBuffer(),
    'jpeg-grey': plain().greyscale().jpeg().toBuffer(),
    'jpeg-restarts': plain().withIccProfile('p3').jpeg({ trellisQuantisation: true }).toBuffer(),
    png: plain().png().toBuffer(),
    'png-palette': plain().png({ palette: true, colours: 16 }).toBuffer(),
    'png-interlaced': seeThrough().png({ progressive: true }).toBuffer(),
    'png-16-bit': plain().toColourspace('rgb16').png().toBuffer(),
    webp: plain().webp().toBuffer(),
    'webp-lossless': seeThrough().webp({ lossless: true }).toBuffer(),
    'webp-moving': moving().webp({ loop: 0 }).toBuffer(),
    gif: plain().gif().toBuffer(),
    'gif-moving': moving()
      .gif({ delay: [20, 30, 40] })
      .toBuffer(),
    'tiff-lzw': plain().tiff({ compression: 'lzw' }).toBuffer(),
    'tiff-deflate': seeThrough().tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer(),
    'tiff-jpeg': plain().tiff({ compression: 'jpeg', tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer(),
    'tiff-packbits': plain().greyscale().tiff({ compression: 'packbits' }).toBuffer(),
    'tiff-pyramid': plain()
      .tiff({ compression: 'none', pyramid: true, tile: true, tileWidth: 32, tileHeight: 32, bigtiff: true })
      .toBuffer(),
    bmp: bmp24(gradient(WIDTH, HEIGHT), WIDTH, HEIGHT),
    'bmp-rle8': bmpRle8(),
    'bmp-4-bit': bmpIndexed(4),
  }
  return samples(made, [WIDTH, HEIGHT])
}

/** Small videos in every accepted container and with every family of decoders that an encoder is at hand for. */
export async function videoSamples(): Promise<Sample[]> {
  const made: Record<string, Promise<Buffer>> = {}
  for (const [container, codec] of [
    ['mp4', 'mpeg4'],
    ['mp4', 'libx264'],
    ['mp4', 'libx265'],
    ['mov', 'mpeg4'],
    ['mov', 'libx264'],
    ['avi', 'mpeg4'],
    ['avi', 'msmpeg4'],
    ['asf', 'wmv1'],
    ['asf', 'wmv2'],
    ['webm', 'libvpx'],
    ['webm', 'libvpx-vp9'],
    ['matroska', 'mpeg2video'],
    ['matroska', 'libx264'],
    ['3gp', 'mpeg4'],
  ] as const) {
    const film = { container, codec, width: FILM_WIDTH, height: FILM_HEIGHT, fps: 5, frames: FRAMES }
    made[`${container}-${codec}`] = encodeVideo({ ...film, luma: (frame, x, y) => (x * 3 + frame * 20 + y) % 256 })
  }
  made['3gp-h263'] = encodeVideo({
    ...{ container: '3gp', codec: 'h263', width: 128, height: 96, fps: 5, frames: FRAMES },
    luma: (frame, x) => (x + frame * 9) % 256,
  })
  return samples(made, [FILM_WIDTH, FILM_HEIGHT, FRAMES])
}

/** Short tones in every accepted format. */
export async function soundSamples(): Promise<Sample[]> {
  const made: Record<string, Promise<Buffer>> = {}
  for (const [container, codec] of [
    ['wav', 'pcm_s16le'],
    ['wav', 'adpcm_ms'],
    ['wav', 'pcm_mulaw'],
    ['mp3', 'libmp3lame'],
    ['flac', 'flac'],
    ['ogg', 'libvorbis'],
    ['ogg', 'libopus'],
    ['ogg', 'flac'],
    ['adts', 'aac'],
    ['ipod', 'aac'],
  ] as const) {
    const tone = {
      container,
      codec,
      hertz: 440,
      sampleRate: SOUND_RATE,
      channels: SOUND_CHANNELS,
      seconds: 0.2,
    } as const
    made[`${container}-${codec}`] = encodeTone(tone)
  }
  return samples(made, [SOUND_RATE, SOUND_CHANNELS, SOUND_RATE * 2, 44_100])
}

/** Texts in several encodings, tables among them. */
export function textSamples(): Sample[] {
  const words = 'Grüße aus Kraków — 你好, שלום, 👩‍👩‍👧 and plain words.\n'.repeat(8)
  const table = `id,name,"a ""quoted"" one"\n${'1,two,"3\n4"\n'.repeat(20)}`
  const made = {
    utf8: Buffer.from(words),
    'utf8-mark': Buffer.from(`\ufeff${words}`),
    utf16: Buffer.from(`\ufeff${words}`, 'utf16le'),
    latin1: Buffer.from(words, 'latin1'),
    csv: Buffer.from(table),
    html: Buffer.from(`<!doctype html><p>${words}<script>alert(1)</script>`),
    svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
  }
  return Object.entries(made).map(([name, bytes]) => ({ name, bytes, numbers: [] }))
}

async function samples(made: Record<string, Promise<Buffer> | Buffer>, numbers: readonly number[]): Promise<Sample[]> {
  return Promise.all(
    Object.entries(made).map(async ([name, bytes]) => ({ name, bytes: await bytes, numbers, slow: name === SLOW })),
  )
}

/** A BMP of 8 bits a pixel, run-length coded: one run for each row. */
function bmpRle8(): Buffer {
  const rows = Buffer.concat([
    ...Array.from({ length: HEIGHT }, (_, row) => Buffer.from([WIDTH, row % 256, 0, 0])),
    Buffer.from([0, 1]),
  ])
  return indexed({ bits: 8, compression: 1, pixels: rows })
}

function bmpIndexed(bits: number): Buffer {
  const stride = Math.ceil((WIDTH * bits) / 32) * 4
  return indexed({ bits, compression: 0, pixels: Buffer.alloc(stride * HEIGHT, 0x5a) })
}

function indexed(how: { bits: number; compression: number; pixels: Buffer }): Buffer {
  const colours = 2 ** how.bits
  const palette = Buffer.from(Array.from({ length: colours * 4 }, (_, at) => (at * 37) & 255))
  const file = Buffer.concat([Buffer.alloc(54), palette, how.pixels])
  const head = { width: WIDTH, height: HEIGHT, bits: how.bits, compression: how.compression }
  bmpHeader(file, { ...head, pixelOffset: 54 + palette.length, colours })
  return file
}
