import { basename } from 'node:path'
import { readClarifaiData } from './clarifai-data.ts'
import { readCoco } from './coco.ts'
import { readCsv } from './csv.ts'
import { readCvat } from './cvat.ts'
import { readImageNet } from './imagenet.ts'
import { asList, asObject, type Found } from './item.ts'
import { readLabelStudio } from './label-studio.ts'
import { MediaFolder } from './media-folder.ts'
import { readJson, readText } from './read-json.ts'
import { readVoc } from './voc.ts'
import { readYolo } from './yolo.ts'

/** Readers of what other tools, and this one, export; each takes the folder that it lies in. */
export const FORMATS = {
  coco: readCoco,
  yolo: readYolo,
  voc: readVoc,
  csv: readCsv,
  imagenet: readImageNet,
  'label-studio': readLabelStudio,
  cvat: readCvat,
  clarifai: readClarifaiData,
} as const satisfies Readonly<Record<string, (dir: string) => AsyncGenerator<Found>>>

export type FormatName = keyof typeof FORMATS

export const isFormat = (name: string): name is FormatName => Object.hasOwn(FORMATS, name)

/** The format that the files of a folder are in, by what they look like; undefined where that says nothing. */
export async function detectFormat(dir: string): Promise<FormatName | undefined> {
  const folder = await MediaFolder.open(dir)
  if (folder.paths.some((path) => basename(path) === 'mimetype' || /_n\d+$/.test(path))) return 'clarifai'
  if (folder.withEnding(['.zip']).length > 0) return 'clarifai'
  const [xml] = folder.withEnding(['.xml'])
  if (xml !== undefined) return (await readText(folder.absolute(xml))).includes('<annotations>') ? 'cvat' : 'voc'
  for (const path of folder.withEnding(['.json'])) {
    const content = await readJson(folder.absolute(path))
    const file = asObject(content)
    if (file && (Array.isArray(file.images) || Array.isArray(file.inputs))) return 'coco'
    if (asObject(asList(content)[0])?.data !== undefined) return 'label-studio'
  }
  if (folder.withEnding(['.csv', '.tsv']).length > 0) return 'csv'
  const hasLabels = folder.withEnding(['.txt']).some((path) => path.includes('labels/'))
  if (hasLabels || folder.withEnding(['.yaml', '.yml']).length > 0) return 'yolo'
  return folder.media().length > 0 ? 'imagenet' : undefined
}
