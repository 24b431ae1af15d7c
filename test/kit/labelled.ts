import type { StatusCode } from '../../src/contract/status-code.ts'
import { inputLevelRows } from '../../src/store/repos/annotations.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import type { TestApp } from './apps.ts'
import type { TestServer } from './server.ts'
import { putInputs } from './stored-inputs.ts'

/** Version of `general-image-embedding`, the embedder of the workflow General. */
export const EMBEDDER_VERSION = 'bb186755eda04f9cbb6fe32e816be104'

/** An input of a test with what people and the embedder of the app have said about it. */
export interface LabelledInput {
  readonly id: string
  /** Concepts with their values. */
  readonly labels: Readonly<Record<string, number>>
  readonly vector?: readonly number[]
  readonly statusCode?: StatusCode
}

/** Puts inputs into the store as they are after processing: labelled, with the vector of the app's embedder. */
export async function putLabelled(server: TestServer, app: TestApp, wanted: readonly LabelledInput[]): Promise<void> {
  const { services } = server
  const pks = await putInputs(
    services,
    app,
    wanted.map(({ id, labels, statusCode }) => ({
      id,
      ...(statusCode !== undefined && { statusCode }),
      data: { concepts: Object.entries(labels).map(([concept, value]) => ({ id: concept, value })) },
    })),
  )
  const [versionPk] = await versionPksOf(services.db.read, EMBEDDER_VERSION)
  const annotations = await inputLevelRows(services.db.read, [...pks.values()])
  await services.db.transact(async (tx) => {
    for (const { id, vector } of wanted) {
      if (!vector) continue
      const input_pk = pks.get(id)!
      const bytes = new Uint8Array(Float32Array.from(vector).buffer)
      const place = { app_pk: app.pk, input_pk, annotation_pk: annotations.get(input_pk)!.pk, region_id: '' }
      const row = { ...place, model_version_pk: versionPk!, dimension: vector.length, vector: bytes }
      await tx.insertInto('embeddings').values(row).execute()
    }
  })
}

/** Vectors that tell two kinds of inputs apart: those of kind `at` lie around the axis `at`. */
export function vectorOf(at: number, nth: number, dims = 6): number[] {
  return Array.from({ length: dims }, (_, axis) => (axis === at ? 1 : 0) + 0.1 * Math.sin(nth * 7 + axis * 3))
}
