import type { Message } from '@bufbuild/protobuf'
import { readPage } from '../../domain/resource/paging.ts'
import type { PipelineCall, Stage } from './context.ts'

/** Refuses page numbers and sizes out of range before a handler spends anything on them. */
export const validate: Stage = {
  name: 'validate',
  run(call: PipelineCall, request: Message) {
    const fields = request as { page?: number; perPage?: number; pagination?: { page: number; perPage: number } }
    if (call.method.paged) readPage(fields)
    if (fields.pagination) readPage(fields.pagination as never)
  },
}
