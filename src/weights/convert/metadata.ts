import type { WeightSource } from '../manifest-types.ts'

/** What a converted file says of itself to those who open it elsewhere. */
export type Metadata = Readonly<Record<string, string>>

/** What the files made of a package say about where they come from. */
export function modelMetadata({ package: pkg, modelLicense, provenance }: WeightSource): Metadata {
  return { source: `npm:${pkg.name}@${pkg.version}`, license: modelLicense.id, provenance }
}
