import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Region } from '../../../contract/index.ts'
import type { Engine } from '../../engine.ts'
import { apply, concept, region } from '../test-support.ts'

/** A thing in one frame: its middle, and what more is known of it. */
export interface Seen {
  readonly id?: string
  readonly x: number
  readonly y: number
  readonly size?: number
  readonly value?: number
  readonly label?: string
  readonly vector?: readonly number[]
}

/** The region of a thing: a square box, one concept. */
export function regionOf({ id, x, y, size = 0.1, value = 0.9, label = 'person', vector }: Seen): Region {
  const data = create(DataSchema, {
    concepts: [concept(label, value)],
    embeddings: vector ? [{ vector: [...vector], numDimensions: vector.length }] : [],
  })
  const box: [number, number, number, number] = [y - size / 2, x - size / 2, y + size / 2, x + size / 2]
  return { ...region(id ?? `${label}-${x}-${y}`, box, data), value }
}

/** A video as trackers see it. */
export const video = (frames: readonly (readonly Seen[])[]): Data =>
  create(DataSchema, {
    frames: frames.map((things, index) => ({
      frameInfo: { index, time: index * 1000 + 500 },
      data: create(DataSchema, { regions: things.map(regionOf) }),
    })),
  })

/** The track ids of the regions of each frame. */
export async function track(
  engine: Engine,
  frames: readonly (readonly Seen[])[],
  params: JsonObject = {},
): Promise<string[][]> {
  const answer = await apply(engine, video(frames), { params })
  return answer.frames.map(({ data }) => data!.regions.map(({ trackId }) => trackId))
}
