import type { JsonObject } from '@bufbuild/protobuf'
import type { HubId } from '../weights/hub/catalogue.ts'
import type { WeightId } from '../weights/manifest.ts'

/** A concept that a catalogue model answers. */
export interface CatalogueConcept {
  readonly id: string
  readonly name: string
}

/** The user and app that a built-in entry belongs to. */
export interface CatalogueHome {
  readonly userId: string
  readonly appId: string
}

/** A built-in model and what really serves it here. */
export interface CatalogueModel {
  readonly id: string
  /** Where it lives; `clarifai/main` unless said. */
  readonly home?: CatalogueHome
  /** Version ids that clients name, the newest first; all are served by the same engine. None known: one is derived. */
  readonly versions?: readonly string[]
  readonly typeId: string
  readonly name: string
  /** What really runs, in plain words. */
  readonly description: string
  /** Engine that runs it; undefined where no weights for it can be had, which `unavailable` explains. */
  readonly engine: string | undefined
  readonly unavailable?: string
  /** Weights that the engine needs; those of the hub make the model optional: they are fetched on demand only. */
  readonly weights: readonly (WeightId | HubId)[]
  readonly params?: JsonObject
  readonly concepts?: readonly CatalogueConcept[]
  readonly license?: string
  readonly useCases?: readonly string[]
  readonly languages?: readonly string[]
}

/** One node of a catalogue workflow; `from` names nodes that feed it, none means the workflow's input. */
export interface CatalogueNode {
  readonly id: string
  readonly model: string
  /** Where the model lives; `clarifai/main` unless said. */
  readonly home?: CatalogueHome
  readonly version?: string
  readonly from?: readonly string[]
}

/** A built-in workflow; all of them live in `clarifai/main`. */
export interface CatalogueWorkflow {
  readonly id: string
  readonly description: string
  readonly nodes: readonly CatalogueNode[]
}
