import { newId } from '../../src/base/ids.ts'
import { type HostResult, hostMedia } from '../../src/domain/media/host.ts'
import type { Services } from '../../src/domain/services.ts'
import { media } from '../../src/store/repos/families.ts'
import { setMediaFiles } from '../../src/store/repos/media.ts'

/** A medium that a test has hosted. */
export interface TestMedium {
  readonly id: string
  readonly pk: number
  readonly doc: string
  readonly kind: 'image' | 'video' | 'audio' | 'text'
}

/** Puts bytes as a processed medium into an app, as the job that processes inputs does. */
export async function hostForTest(services: Services, appPk: number, bytes: Uint8Array): Promise<TestMedium> {
  const blob = await services.blobs.put(bytes)
  const [result] = (await hostMedia(services, [{ content: blob }])) as [HostResult]
  if ('refused' in result) throw new Error(result.refused.details)
  const { kind, doc, files } = result.hosted
  const id = newId()
  const now = services.clock.now()
  const pk = await services.db.transact(async (tx) => {
    const row = await media.insert(tx, {
      app_pk: appPk,
      input_pk: null,
      id,
      kind,
      doc,
      created_at: now,
      modified_at: now,
    })
    await setMediaFiles(tx, [{ mediaPk: row.pk, files }], now)
    return row.pk
  })
  return { id, pk, doc, kind }
}
