import { create } from '@bufbuild/protobuf'
import {
  type Model,
  ModelSchema,
  type ModelVersion,
  ModelVersionSchema,
  type Workflow,
  WorkflowSchema,
  type WorkflowVersion,
  WorkflowVersionSchema,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { catalogueModel, homeOf, hubWeights, versionIds } from './index.ts'
import type { CatalogueModel, CatalogueWorkflow } from './types.ts'

/** The stored form of a built-in model. */
export function modelDocument(model: CatalogueModel): Model {
  return create(ModelSchema, {
    name: model.id,
    displayName: model.name,
    modelTypeId: model.typeId,
    description: model.description,
    notes: model.unavailable ?? optionalNote(model),
    useCases: [...(model.useCases ?? [])],
    languages: [...(model.languages ?? [])],
    toolkits: ['Limpid'],
  })
}

function optionalNote(model: CatalogueModel): string {
  const [weights] = hubWeights(model)
  return weights === undefined
    ? ''
    : `Optional: fetch its weights with "npx limpid models pull ${weights}", or take them from a folder with "npx limpid models import DIR".`
}

/** The stored form of each version of a built-in model; its concepts are rows of their own. */
export function versionDocument(model: CatalogueModel): ModelVersion {
  return create(ModelVersionSchema, {
    description: model.description,
    license: model.license ?? '',
    // Clients wait for this status and read nothing else; what cannot be served says so when it is asked.
    status: { code: StatusCode.MODEL_TRAINED, details: model.unavailable ?? '' },
    outputInfo: { params: model.params ?? {} },
  })
}

/** The stored form of a built-in workflow. */
export function workflowDocument(workflow: CatalogueWorkflow): Workflow {
  return create(WorkflowSchema, { description: workflow.description })
}

/** The stored form of the one version of a built-in workflow, with its nodes' models pinned to their newest version. */
export function workflowVersionDocument(workflow: CatalogueWorkflow): WorkflowVersion {
  return create(WorkflowVersionSchema, {
    description: workflow.description,
    nodes: workflow.nodes.map((node) => {
      const model = catalogueModel(node.model, node.home)
      if (!model) throw new Error(`workflow ${workflow.id} names the model ${node.model}, which the catalogue lacks`)
      const version = node.version ?? versionIds(model)[0]!
      return {
        id: node.id,
        model: {
          id: model.id,
          ...homeOf(model),
          modelTypeId: model.typeId,
          modelVersion: { id: version },
        },
        nodeInputs: (node.from ?? []).map((nodeId) => ({ nodeId })),
      }
    }),
  })
}
