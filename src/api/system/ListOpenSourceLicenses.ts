import spdxIds from 'spdx-license-ids/index.json' with { type: 'json' }
import type { UnaryHandler } from '../define/rpc.ts'

/** Licences that a model may name: the identifiers of the SPDX list. */
export const listOpenSourceLicensesRpc = {
  ListOpenSourceLicenses: (() => ({ licenses: spdxIds })) satisfies UnaryHandler<'ListOpenSourceLicenses'>,
}
