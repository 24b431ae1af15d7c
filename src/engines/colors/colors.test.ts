import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageHandle } from '../../media/image.ts'
import { itemOfPicture, PLAIN } from '../test-weights.ts'
import { nearestNamed } from './css-colors.ts'
import { colors, dominantColors } from './engine.ts'
import { labToHex, toLab } from './lab.ts'

const fill = (count: number, ...rgb: number[]): number[] => Array.from({ length: count }, () => rgb).flat()

test('Lab values are those of the CIE and lead back to the same colour', () => {
  const red = toLab(255, 0, 0)
  assert.deepEqual(
    red.map((part) => part.toFixed(1)),
    ['53.2', '80.1', '67.2'],
  )
  assert.deepEqual(
    toLab(255, 255, 255).map((part) => Math.abs(part).toFixed(2)),
    ['100.00', '0.00', '0.00'],
  )
  for (const hex of ['#000000', '#ffffff', '#8b4513', '#00ced1', '#123456']) {
    const value = Number.parseInt(hex.slice(1), 16)
    assert.equal(labToHex(toLab(value >> 16, (value >> 8) & 255, value & 255)), hex)
  }
})

test('the nearest named colour is the colour itself where it has a name', () => {
  assert.deepEqual(nearestNamed(toLab(139, 69, 19)), { name: 'SaddleBrown', hex: '#8b4513' })
  assert.deepEqual(nearestNamed(toLab(250, 3, 2)), { name: 'Red', hex: '#ff0000' })
  assert.deepEqual(nearestNamed(toLab(1, 1, 1)), { name: 'Black', hex: '#000000' })
})

test('shares follow the pixels; colours that look alike are one', () => {
  const pixels = [...fill(60, 255, 0, 0), ...fill(20, 0, 0, 255), ...fill(15, 250, 250, 250), ...fill(5, 245, 245, 245)]
  const found = dominantColors(Uint8Array.from(pixels))
  assert.deepEqual(
    found.map(({ w3c, value }) => [w3c?.name, Number(value.toFixed(3))]),
    [
      ['Red', 0.6],
      ['Blue', 0.2],
      ['WhiteSmoke', 0.2],
    ],
  )
  assert.equal(found[0]?.rawHex, '#ff0000')
})

test('a few stray pixels are not a colour of the picture, and shares add up to 1', () => {
  const pixels = [...fill(4_000, 34, 139, 34), ...fill(80, 20, 20, 20), ...fill(16, 255, 255, 0)]
  const found = dominantColors(Uint8Array.from(pixels))
  assert.deepEqual(
    found.map(({ w3c }) => w3c?.name),
    ['ForestGreen', 'Black'],
  )
  assert.ok(Math.abs(found.reduce((sum, { value }) => sum + value, 0) - 1) < 1e-9)
})

test('one colour only', async () => {
  const engine = await colors.load({})
  const [answer] = await engine.infer(
    [itemOfPicture(ImageHandle.fromRaw(new Uint8Array(300).fill(128), 10, 10))],
    PLAIN,
  )
  const [first, ...others] = answer!.colors
  assert.deepEqual([first?.rawHex, first?.w3c?.name, first?.value, others.length], ['#808080', 'Gray', 1, 0])
})
