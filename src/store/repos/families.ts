import { KeyedRows } from './keyed.ts'

/** The rows of each family; what goes beyond the common statements has a file of its own beside this one. */
export const users = new KeyedRows('users', null)
export const apps = new KeyedRows('apps', 'user_pk')
export const collaborators = new KeyedRows('collaborators', 'app_pk')
export const concepts = new KeyedRows('concepts', 'app_pk')
export const conceptLanguages = new KeyedRows('concept_languages', 'concept_pk')
export const conceptRelations = new KeyedRows('concept_relations', 'app_pk')
export const knowledgeGraphs = new KeyedRows('knowledge_graphs', 'app_pk')
export const models = new KeyedRows('models', 'app_pk')
export const modelVersions = new KeyedRows('model_versions', 'model_pk')
export const workflows = new KeyedRows('workflows', 'app_pk')
export const workflowVersions = new KeyedRows('workflow_versions', 'workflow_pk')
export const inputsAddJobs = new KeyedRows('inputs_add_jobs', 'app_pk')
export const inputs = new KeyedRows('inputs', 'app_pk')
export const media = new KeyedRows('media', 'app_pk')
export const annotations = new KeyedRows('annotations', 'input_pk')
export const datasets = new KeyedRows('datasets', 'app_pk')
