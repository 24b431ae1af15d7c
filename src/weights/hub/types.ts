/** The shape of the list of models that a hub offers. */
import type { ModelLicense, OutputFile } from '../manifest-types.ts'

/** One file of a repository of the hub. */
export interface HubFile {
  /** Forward-slash path inside the repository. */
  readonly path: string
  /** Hexadecimal digest, where its publisher states it; else the first download is recorded and holds from then on. */
  readonly sha256?: string
  /** Exact size, where its publisher states it. */
  readonly bytes?: number
}

/** How the fetched files become the files that are kept. Without one they are kept as they are. */
export interface HubConversion {
  readonly kind: 'ggml-whisper'
  /** Key of the file that is converted. */
  readonly ggml: string
  /** Files that result, by key. */
  readonly outputs: Readonly<Record<string, OutputFile>>
}

/** One model that may be fetched from the hub, on demand only. */
export interface HubSource {
  readonly title: string
  /** `owner/name` of the repository. */
  readonly repository: string
  /** Branch, tag or commit; what a branch stood for is recorded with the files. */
  readonly revision: string
  /** Files by the key under which engines ask for their path. */
  readonly files: Readonly<Record<string, HubFile>>
  readonly conversion?: HubConversion
  readonly modelLicense: ModelLicense
  readonly provenance: string
  /** Size of the download as far as it is known, for showing only. */
  readonly aboutBytes: number
}

/** Models of a hub by id; ids are lower-case words joined by hyphens because they also name folders. */
export type HubCatalogue = Readonly<Record<string, HubSource>>
