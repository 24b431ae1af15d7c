import type { Data } from '../contract/index.ts'
import { dataOf, type Found, label } from './item.ts'
import { MediaFolder, stem } from './media-folder.ts'
import { readText } from './read-json.ts'
import { boxOf, regionData } from './shapes.ts'
import { element, elements, readXml, textOf, type Xml } from './xml.ts'

/** XML files of Pascal VOC, one for each picture, with boxes in pixels. */
export async function* readVoc(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  for (const path of folder.withEnding(['.xml'])) {
    let root: Xml | undefined
    try {
      root = element(readXml(await readText(folder.absolute(path))), 'annotation')
    } catch (error) {
      yield { source: path, problem: `The file is no XML: ${(error as Error).message}` }
      continue
    }
    if (!root) continue
    const image =
      folder.find(textOf(root, 'filename')) ?? folder.media('image').find((file) => stem(file) === stem(path))
    if (image === undefined) {
      yield { source: path, problem: `There is no picture '${textOf(root, 'filename')}' in the folder.` }
      continue
    }
    const annotations: Data[] = []
    for (const [at, object] of elements(root, 'object').entries()) {
      const region = regionOf(root, object)
      if (region) annotations.push(region)
      else yield { source: `${path} object ${at + 1}`, problem: 'The box covers nothing of the picture.' }
    }
    const medium = { from: 'file', path: folder.absolute(image) } as const
    yield { source: image, id: stem(image), medium, data: dataOf({}), annotations }
  }
}

function regionOf(root: Xml, object: Xml): Data | undefined {
  const size = element(root, 'size')
  const extent = { width: Number(textOf(size, 'width')), height: Number(textOf(size, 'height')) }
  const box = element(object, 'bndbox')
  const at = (name: string): number => Number(textOf(box, name))
  const info = boxOf(at('xmin'), at('ymin'), at('xmax'), at('ymax'), extent)
  return info && regionData(info, [label(textOf(object, 'name'))])
}
