/** Knowledge graphs of one app: lists of them have no pages. */
export const KNOWLEDGE_GRAPHS_MAX = 1_000
/** Relations that one call deletes; clients send back all ids that a list gave them. */
export const RELATIONS_DELETED_MAX = 1_000
/** Relations that one concept-synonym-mapper works with: they travel with the plan. */
export const MAPPED_RELATIONS_MAX = 10_000
