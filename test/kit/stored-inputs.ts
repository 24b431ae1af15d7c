import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { Clock } from '../../src/base/clock.ts'
import { AnnotationSchema, type DataSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { ensureConcepts } from '../../src/domain/annotations/concepts.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { INPUT_KINDS } from '../../src/store/data-bits.ts'
import type { Database } from '../../src/store/database.ts'
import { inputs } from '../../src/store/repos/families.ts'

/** What a test wants an input to be. */
export interface WantedInput {
  readonly id: string
  readonly kind?: keyof typeof INPUT_KINDS
  readonly statusCode?: StatusCode
  /** What its input-level annotation says. */
  readonly data?: MessageInitShape<typeof DataSchema>
}

/** Puts inputs without media straight into the store, each with its input-level annotation; says their pks. */
export async function putInputs(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  app: { readonly pk: number; readonly owner: { readonly id: string; readonly pk: number } },
  wanted: readonly WantedInput[],
): Promise<Map<string, number>> {
  return db.transact(async (tx) => {
    const pks = new Map<string, number>()
    for (const { id, kind = 'image', statusCode = StatusCode.INPUT_SUCCESS, data = {} } of wanted) {
      const now = clock.now()
      const { pk } = await inputs.insert(tx, {
        app_pk: app.pk,
        id,
        kinds: INPUT_KINDS[kind],
        status_code: statusCode,
        status_details: '',
        add_job_pk: null,
        doc: JSON.stringify({ data: { [kind]: {} } }),
        created_at: now,
        modified_at: now,
      })
      pks.set(id, pk)
      const message = create(AnnotationSchema, { data })
      const place = { appPk: app.pk, appId: '', userId: '', mayAddConcepts: () => {} }
      const conceptPk = await ensureConcepts(tx, place, message.data ? [message.data] : [], now)
      const worker = { kind: 'user', id: app.owner.id, pk: app.owner.pk } as const
      const draft = { appPk: app.pk, inputPk: pk, message, worker, conceptPk, trusted: true, inputLevel: true }
      await storeAnnotations(tx, [{ ...draft, statusCode: StatusCode.ANNOTATION_SUCCESS }], now)
    }
    return pks
  })
}
