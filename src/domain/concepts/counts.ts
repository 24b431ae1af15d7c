import { create } from '@bufbuild/protobuf'
import {
  type ConceptCount,
  ConceptCountSchema,
  type ConceptTypeCount,
  ConceptTypeCountSchema,
  DetailConceptCountSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type ConceptCount as Counted, countConcepts } from '../../store/repos/concept-counts.ts'
import { concepts as rows } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { concepts } from './resource.ts'

/** One page of the app's concepts with how many inputs have them, in all and by the state of the inputs. */
export async function conceptCounts(call: Call, window: PageWindow): Promise<ConceptCount[]> {
  const app = requireApp(call.target)
  const { read } = call.services.db
  const { column, descending } = concepts.defaultSort
  const orderBy = { column, direction: descending ? 'desc' : 'asc' } as const
  const page = await rows.list(read, { parent: app.pk, orderBy, ...window })
  const counted = await countConcepts(
    read,
    app.pk,
    page.map(({ pk }) => pk),
  )
  return page.map(({ pk, id, name }) => {
    const own = counted.filter(({ conceptPk }) => conceptPk === pk)
    const of = (...codes: number[]) => sums(own.filter(({ inputStatus }) => codes.includes(inputStatus)))
    const done = [StatusCode.INPUT_SUCCESS, StatusCode.INPUT_PENDING, StatusCode.INPUT_IN_PROGRESS]
    return create(ConceptCountSchema, {
      id,
      name,
      conceptTypeCount: sums(own),
      detailConceptCount: create(DetailConceptCountSchema, {
        processed: of(StatusCode.INPUT_SUCCESS),
        toProcess: of(StatusCode.INPUT_PENDING),
        processing: of(StatusCode.INPUT_IN_PROGRESS),
        errors: sums(own.filter(({ inputStatus }) => !done.includes(inputStatus))),
      }),
    })
  })
}

function sums(counted: readonly Counted[]): ConceptTypeCount {
  const sum = (positive: boolean): number =>
    counted.filter((one) => one.positive === positive).reduce((total, { inputs }) => total + inputs, 0)
  return create(ConceptTypeCountSchema, { positive: sum(true), negative: sum(false) })
}
