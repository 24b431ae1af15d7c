import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMethods } from '../../contract/methods.ts'
import { coversEverybody, onlyReads } from './resolve.ts'

const names = (pick: (method: ReturnType<typeof allMethods>[number]) => boolean) =>
  allMethods()
    .filter(pick)
    .map((method) => method.name)
    .sort()

// What strangers may do with public things. A name that appears here or goes wants to be thought about.
test('of the calls that do not get or list, these only read', () => {
  assert.deepEqual(
    names(({ name }) => onlyReads(name) && !/^(Get|List)/.test(name)),
    [
      'GenerateModelOutputs',
      'MyScopes',
      'MyScopesRoot',
      'MyScopesUser',
      'PostAnnotationsSearches',
      'PostAppDuplications',
      'PostAppsSearches',
      'PostAuditLogSearches',
      'PostConceptsSearches',
      'PostInputsSearches',
      'PostInstalledModuleVersionsKey',
      'PostMetricsQuery',
      'PostModelOutputs',
      'PostModelVersionsTrainingTimeEstimate',
      'PostModelsSearches',
      'PostSearches',
      'PostSearchesByID',
      'PostStatValuesAggregate',
      'PostTrackAnnotationsSearches',
      'PostTrendingMetricsView',
      'PostWorkflowResults',
      'PostWorkflowResultsSimilarity',
      'StreamAnnotationsSearches',
      'StreamInputs',
      'StreamInputsSearches',
      'StreamLogEntries',
      'StreamModelOutputs',
      'StreamTrackAnnotationsSearches',
    ].filter((name) => allMethods().some((method) => method.name === name)),
  )
})

test('all that get or list read, and nothing that patches, deletes or puts does', () => {
  for (const { name } of allMethods()) {
    if (/^(Get|List)/.test(name)) assert.ok(onlyReads(name), name)
    if (/^(Patch|Delete|Put|Cancel)/.test(name)) assert.ok(!onlyReads(name), name)
  }
})

test('without a user these are about everybody; all others about the caller', () => {
  const user = names((method) => method.level === 'user' && coversEverybody(method))
  assert.deepEqual(user, [
    'ListApps',
    'ListComputeClusters',
    'ListDatasets',
    'ListDeployments',
    'ListEvaluations',
    'ListModels',
    'ListModules',
    'ListNodepools',
    'ListWorkflows',
  ])
})
