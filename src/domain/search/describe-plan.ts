import type { JsonObject } from '@bufbuild/protobuf'
import type { RankPlan, SearchPlan } from '../../search/plan.ts'
import type { AnnotationClause } from '../../store/repos/annotation-conditions.ts'

/** A plan in short, for people: kinds of conditions and ranks, and what is taken for granted; no values of the caller. */
export function describePlan({ scope, hits, ranks, combine, exact, minScore, offset, limit }: SearchPlan): JsonObject {
  const { annotationStatuses, inputStatuses, trustedOnly, asOf } = scope
  return {
    hits,
    filters: scope.clauses.filter(({ any }) => any.length > 0).map(describeClause),
    onlyTrusted: trustedOnly,
    ...(annotationStatuses && { annotationStatuses: [...annotationStatuses] }),
    ...(inputStatuses && { inputStatuses: [...inputStatuses] }),
    ...(asOf !== null && { asOf: true }),
    ranks: ranks.map(describeRank),
    ...(ranks.length > 1 && { combine }),
    exact,
    ...(minScore > 0 && { minScore }),
    window: [offset, limit],
  }
}

/** `concept|dataset` for alternatives, with `!` before what must not hold. */
function describeClause({ any, negate }: AnnotationClause): string {
  const kinds = Map.groupBy(any, ({ is }) => is)
  const text = [...kinds].map(([is, tests]) => (tests.length === 1 ? is : `${is}*${tests.length}`)).join('|')
  return negate ? `!(${text})` : text
}

function describeRank(rank: RankPlan): string {
  const text = rankText(rank)
  return rank.negate ? `!${text}` : text
}

function rankText(rank: RankPlan): string {
  switch (rank.by) {
    case 'vector':
      return `vector(version ${rank.space.versionPk}, ${rank.space.dimension} numbers)`
    case 'concept':
      return `concept*${rank.conceptPks.length}${rank.inverse ? ' inverse' : ''}`
    case 'words':
      return `words*${rank.query.any.length}`
    case 'doubt':
      return `doubt*${rank.conceptPks.length}`
  }
}
