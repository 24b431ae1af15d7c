import type { Row } from '../../store/schema/tables.ts'
import type { ExtractionPlan } from './plan.ts'

/** What the document of an extraction job holds. */
export interface ExtractionDocument extends ExtractionPlan {
  readonly inputs_add_job_id: string
  /** Name and size of the uploaded file; absent for buckets. */
  readonly file?: { readonly name: string; readonly size: number }
}

/** The document of a job. */
export const readExtraction = ({ doc }: Pick<Row<'inputs_extraction_jobs'>, 'doc'>): ExtractionDocument =>
  JSON.parse(doc) as ExtractionDocument
