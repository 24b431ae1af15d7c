import { create } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../../../contract/binary/index.ts'
import { type Data, DataSchema, type Region, RegionInfoSchema, RegionSchema } from '../../../contract/index.ts'
import { packVector, unpackVector } from './vector-memory.ts'

/** A box by its edges, as shares of the picture. */
export interface Edges {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** A box by its middle and size, as shares of the picture. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** One thing that a detector has found in one frame. */
export interface Detection {
  readonly region: Region
  readonly box: Edges
  readonly place: Place
  /** 0..1 */
  readonly confidence: number
  /** Id or name of the surest concept; tracks hold detections of one label only. */
  readonly label: string
  /** The vector of the region, where it has one. */
  readonly embedding?: readonly number[]
}

/** Box around a middle. */
export const edgesOf = ({ x, y, width, height }: Place): Edges => ({
  top: y - height / 2,
  left: x - width / 2,
  bottom: y + height / 2,
  right: x + width / 2,
})

/** Middle and size of a box. */
export const placeOf = ({ top, left, bottom, right }: Edges): Place => ({
  x: (left + right) / 2,
  y: (top + bottom) / 2,
  width: right - left,
  height: bottom - top,
})

/**
 * The detections of a frame, surest first and at most `limit`: regions with a box that is one. Their confidence is
 * the region's value, or that of its surest concept where the region has none.
 */
export function detectionsOf(frame: Data | undefined, limit: number): Detection[] {
  const found = (frame?.regions ?? []).flatMap((region) => detectionOf(region) ?? [])
  return found.sort((a, b) => b.confidence - a.confidence).slice(0, limit)
}

function detectionOf(region: Region): Detection | undefined {
  const given = region.regionInfo?.boundingBox
  if (!given) return undefined
  const box = { top: given.topRow, left: given.leftCol, bottom: given.bottomRow, right: given.rightCol }
  if (!Object.values(box).every(Number.isFinite) || box.bottom < box.top || box.right < box.left) return undefined
  const concepts = region.data?.concepts ?? []
  const surest = concepts.length === 0 ? undefined : concepts.reduce((a, b) => (b.value > a.value ? b : a))
  const confidence = region.value || (surest?.value ?? 0)
  const vector = region.data?.embeddings[0]?.vector
  return {
    region,
    box,
    place: placeOf(box),
    confidence: confidence > 0 ? Math.min(1, confidence) : 0,
    label: surest ? surest.id || surest.name : '',
    embedding: vector && vector.length > 0 && vector.every(Number.isFinite) ? vector : undefined,
  }
}

/** A detection as a track remembers it from one call to the next: with its box, its concepts and its vector. */
export interface SavedDetection {
  /** Protobuf in base64. */
  readonly region: string
  readonly box: Edges
  readonly confidence: number
  readonly label: string
  readonly embedding?: string
}

/** What is kept of a detection; pictures, masks and all else that is large are left out. */
export function saveDetection({ region, box, confidence, label, embedding }: Detection): SavedDetection {
  const light = create(RegionSchema, {
    id: region.id,
    value: region.value,
    regionInfo: create(RegionInfoSchema, { boundingBox: region.regionInfo?.boundingBox }),
    data: create(DataSchema, { concepts: region.data?.concepts ?? [] }),
  })
  return {
    region: Buffer.from(encodeMessage(RegionSchema, light)).toString('base64'),
    box,
    confidence,
    label,
    ...(embedding ? { embedding: packVector(embedding) } : {}),
  }
}

/** A detection from what was kept of it. */
export function restoreDetection({ region, box, confidence, label, embedding }: SavedDetection): Detection {
  return {
    region: decodeMessage(RegionSchema, Buffer.from(region, 'base64')) as Region,
    box,
    place: placeOf(box),
    confidence,
    label,
    embedding: embedding === undefined ? undefined : unpackVector(embedding),
  }
}
