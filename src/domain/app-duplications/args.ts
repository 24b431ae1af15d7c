/** What a duplication was posted with, and what was resolved then. */
export interface DuplicationArgs {
  /** Id and pk of the duplication. */
  readonly id: string
  readonly pk: number
  readonly source: {
    readonly appPk: number
    readonly userPk: number
    /** Lowest visibility that whoever asked for it sees there. */
    readonly minVisibility: number
  }
  readonly destination: {
    readonly appPk: number
    readonly userPk: number
    readonly userId: string
    readonly appId: string
    /** Whether the app was made for it. */
    readonly isNew: boolean
  }
  /** Whether secrets of model versions come along: from one's own app to one's own alone. */
  readonly withSecrets: boolean
}
