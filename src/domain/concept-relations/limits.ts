/** Knowledge graphs of one app: lists of them have no pages. */
export const KNOWLEDGE_GRAPHS_MAX = 1_000
/** Relations that one call deletes; clients send back all ids that a list gave them. */
export const RELATIONS_DELETED_MAX = 1_000
/** Relations that one concept-synonym-mapper works with: they travel with the plan. */
export const MAPPED_RELATIONS_MAX = 10_000
/** Concepts that one mapping job is for. */
export const MAPPED_CONCEPTS_MAX = 1_000
/** Concepts that a mapping job works on in one transaction. */
export const MAPPED_PER_PART_MAX = 100
