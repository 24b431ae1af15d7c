import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { roundTrip } from '../test/acceptance/kit/round-trip.ts'
import { startLimpid } from '../test/acceptance/kit/server.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'

const INPUTS = 10_000

/**
 * An app of mixed inputs (`--size`, 10,000 unless said) is posted to a started server, exported as COCO, imported into
 * another app by `limpid import` and exported again; fails where the labels differ.
 */
export async function run({ size = INPUTS }: BenchmarkOptions = {}): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-trip-'))
  try {
    await using server = await startLimpid()
    const { annotations, labels, seconds } = await roundTrip(server, size, folder)
    const note = `${size} inputs, ${annotations} annotations of parts; ${labels} equal lines of labels afterwards`
    return Object.entries(seconds).map(([name, ours]) => ({ name: `round trip: ${name}`, ours, unit: 's', note }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
