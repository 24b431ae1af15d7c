import { create } from '@bufbuild/protobuf'
import { type AnnotationFilter, type DatasetVersion, type Filter, SearchSchema } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { AnnotationWish } from '../../../store/repos/dataset-inputs.ts'
import { planFilters } from '../../search/filters/plan.ts'

/** The filters by which a version takes annotations; without a filter those of people that are done. */
export const filtersOf = (filter: AnnotationFilter | undefined): readonly Filter[] =>
  (filter?.search ?? create(SearchSchema)).query?.filters ?? []

/**
 * Which annotations filters take: only those that are done, and only those of people, where the filters do not speak of
 * a status or of who made them.
 */
export function selectionOf(appPk: number, filters: readonly Filter[]): AnnotationWish {
  const { clauses, mentions } = planFilters(filters)
  return {
    appPk,
    clauses,
    statusCode: mentions.status ? undefined : StatusCode.ANNOTATION_SUCCESS,
    trustedOnly: !mentions.author,
  }
}

/** Which annotations a version takes. */
export const selectionOfVersion = (appPk: number, { dataConfig }: DatasetVersion): AnnotationWish =>
  selectionOf(
    appPk,
    filtersOf(dataConfig.case === 'annotationFilterConfig' ? dataConfig.value.annotationFilter : undefined),
  )

/** Whether a version leaves out inputs of which nothing is said. */
export const ignoresEmpty = ({ dataConfig }: DatasetVersion): boolean =>
  dataConfig.case === 'annotationFilterConfig' && dataConfig.value.ignoreEmptyInputs
