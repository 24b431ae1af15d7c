import { create } from '@bufbuild/protobuf'
import {
  WorkflowVersionEvaluationMetric_DataType as DataType,
  WorkflowVersionEvaluationTemplate_TaskType as TaskType,
  WorkflowVersionEvaluationMetric_VisualisationType as Visualisation,
  type WorkflowVersionEvaluationTemplate,
  WorkflowVersionEvaluationTemplateSchema,
} from '../../contract/index.ts'

const metric = (
  id: string,
  summary: string,
  description: string,
  visualisationType = Visualisation.VISUALIZATION_TYPE_NOT_SET,
) => ({
  id,
  summary,
  description,
  dataType: DataType.FLOAT,
  visualisationType,
})

/** What workflows can be measured by: there is one template, for nodes that answer concepts, of whichever media. */
export const templates: readonly WorkflowVersionEvaluationTemplate[] = [
  create(WorkflowVersionEvaluationTemplateSchema, {
    id: 'classification',
    description: 'Compares the concepts that a node answers with those that inputs are labelled with.',
    taskTypes: [TaskType.TEXT_CLASSIFICATION],
    workflowVersionEvaluationMetrics: [
      metric('accuracy', 'Accuracy', 'Share of the inputs whose best concept is one that they are labelled with.'),
      metric(
        'macro_precision',
        'Precision',
        'Mean over the concepts, at a value of 0.5.',
        Visualisation.PRECISION_RECALL_CURVE,
      ),
      metric(
        'macro_recall',
        'Recall',
        'Mean over the concepts, at a value of 0.5.',
        Visualisation.PRECISION_RECALL_CURVE,
      ),
      metric('macro_f1', 'F1', 'Mean over the concepts of the harmonic mean of precision and recall.'),
      metric(
        'macro_roc_auc',
        'ROC AUC',
        'Mean area under the ROC curve over the concepts.',
        Visualisation.ROC_AUC_CURVE,
      ),
    ],
  }),
]
