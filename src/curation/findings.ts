import { NEIGHBOURS, OTHER_SHARE_MIN, OWN_SHARE_MAX, TWIN_COSINE, VOTES_MIN } from './limits.ts'

/** Another input of the dataset, with the cosine of the two vectors (-1..1). */
export interface Neighbour {
  readonly id: string
  readonly cosine: number
}

/** An input of a dataset: what people say that it shows, and what is most like it. */
export interface Member {
  readonly id: string
  readonly labels: ReadonlySet<string>
  readonly neighbours: readonly Neighbour[]
}

/** Two inputs that are nearly the same. */
export interface Twins {
  readonly ids: readonly [string, string]
  readonly cosine: number
  /** People say different things of the two. */
  readonly contradict: boolean
}

/** A label that the neighbourhood does not bear out. */
export interface DoubtfulLabel {
  readonly id: string
  readonly label: string
  /** What most of its neighbours are. */
  readonly suggested: string
  /** Shares of the neighbours' votes, in 0..1. */
  readonly share: number
  readonly suggestedShare: number
}

/** What a look at a dataset found, the surest first; suggestions for people, nothing that is true by itself. */
export interface Findings {
  readonly twins: readonly Twins[]
  readonly doubtful: readonly DoubtfulLabel[]
}

/**
 * Looks for near-duplicates and for labels that may be wrong. A label is doubtful when the labelled neighbours, each
 * with the weight of its cosine, hardly have it and most of them have another one that the input lacks.
 */
export function findingsOf(members: readonly Member[], twinCosine: number = TWIN_COSINE): Findings {
  const labelsOf = new Map(members.map(({ id, labels }) => [id, labels]))
  // In a small dataset the tenth neighbour is already one of another kind.
  const voters = Math.min(NEIGHBOURS, Math.max(VOTES_MIN + 1, Math.round(Math.sqrt(members.length))))
  const twins = new Map<string, Twins>()
  for (const { id, labels, neighbours } of members) {
    for (const { id: other, cosine } of neighbours) {
      const theirs = labelsOf.get(other)
      if (other === id || cosine < twinCosine || !theirs) continue
      const ids: [string, string] = id < other ? [id, other] : [other, id]
      const contradict = labels.size > 0 && theirs.size > 0 && !equal(labels, theirs)
      twins.set(JSON.stringify(ids), { ids, cosine, contradict })
    }
  }
  return {
    twins: [...twins.values()].sort((a, b) => b.cosine - a.cosine || (a.ids[0] < b.ids[0] ? -1 : 1)),
    doubtful: members
      .flatMap((member) => doubtsOf(member, labelsOf, voters))
      .sort((a, b) => b.suggestedShare - b.share - (a.suggestedShare - a.share) || (a.id < b.id ? -1 : 1)),
  }
}

function doubtsOf(
  { id, labels, neighbours }: Member,
  labelsOf: ReadonlyMap<string, ReadonlySet<string>>,
  asked: number,
): DoubtfulLabel[] {
  const votes = new Map<string, number>()
  let [voters, total] = [0, 0]
  for (const { id: other, cosine } of neighbours.slice(0, asked)) {
    const theirs = labelsOf.get(other)
    if (other === id || !theirs || theirs.size === 0 || cosine <= 0) continue
    voters++
    total += cosine
    for (const label of theirs) votes.set(label, (votes.get(label) ?? 0) + cosine)
  }
  if (voters < VOTES_MIN) return []
  const [best] = [...votes].filter(([label]) => !labels.has(label)).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (!best || best[1] / total < OTHER_SHARE_MIN) return []
  const [suggested, sum] = best
  return [...labels]
    .map((label) => ({ id, label, suggested, share: (votes.get(label) ?? 0) / total, suggestedShare: sum / total }))
    .filter(({ share }) => share <= OWN_SHARE_MAX)
}

const equal = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((label) => b.has(label))
