import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { FILE_CHARS_MAX, readWorkflowFile, type WorkflowFile } from './read.ts'
import { writeWorkflowFile } from './write.ts'

const PYTHON = `workflow:
  id: animals
  nodes:
    - id: find
      model:
        model_id: general-image-detection
        model_version_id: 1580bb1932594c93b7e2e04456af7c6f
        user_id: clarifai
        app_id: main
    - id: sure
      model:
        model_id: surer
        model_type_id: region-thresholder
        description: only sure ones
        output_info:
          params:
            concept_threshold_type: GREATER_THAN
            anyCase: { kept_as: it is }
      node_inputs:
        - node_id: find
`

test('both spellings of keys say the same; what is inside of params stays as it is', () => {
  const read = readWorkflowFile(PYTHON)
  assert.deepEqual(read, {
    id: 'animals',
    nodes: [
      {
        id: 'find',
        model: {
          modelId: 'general-image-detection',
          modelVersionId: '1580bb1932594c93b7e2e04456af7c6f',
          userId: 'clarifai',
          appId: 'main',
        },
        nodeInputs: [],
        suppressOutput: false,
      },
      {
        id: 'sure',
        model: {
          modelId: 'surer',
          modelTypeId: 'region-thresholder',
          description: 'only sure ones',
          outputInfo: { params: { concept_threshold_type: 'GREATER_THAN', anyCase: { kept_as: 'it is' } } },
        },
        nodeInputs: ['find'],
        suppressOutput: false,
      },
    ],
  } satisfies WorkflowFile)
  assert.equal(readWorkflowFile(writeWorkflowFile(read, 'python')).nodes[0]!.model.userId, 'clarifai')
  assert.deepEqual(readWorkflowFile(writeWorkflowFile(read, 'python')), read)
  const node = writeWorkflowFile(read, 'node')
  assert.match(node, /modelVersionId: 1580bb1932594c93b7e2e04456af7c6f/)
  assert.match(node, /nodeInputs:\n +- nodeId: find/)
  // The Node client refuses a version beside other fields.
  assert.doesNotMatch(node, /userId/)
  assert.match(node, /kept_as: it is/)
})

test('overrides and suppressed nodes survive; ids of digits are texts', () => {
  const file = readWorkflowFile(
    'workflow: {id: 7, nodes: [{id: 1, model: {modelId: 2}, suppress_output: true, output_info_override: {params: {a: 1}}}]}',
  )
  assert.deepEqual(file.nodes[0], {
    id: '1',
    model: { modelId: '2' },
    nodeInputs: [],
    suppressOutput: true,
    outputInfoOverride: { params: { a: 1 } },
  })
  assert.deepEqual(readWorkflowFile(writeWorkflowFile(file, 'python')), file)
  assert.deepEqual(readWorkflowFile(writeWorkflowFile(file, 'node')), file)
})

test('what cannot be read is named', () => {
  const refused = (text: string, details: RegExp) =>
    assert.throws(() => readWorkflowFile(text), { code: StatusCode.WORKFLOW_INVALID_ARGUMENT, details })
  refused('a: [', /no YAML/)
  refused('', /the file must be an object/)
  refused('workflow: {nodes: []}', /workflow\.id is missing/)
  refused('workflow: {id: a, nodes: {}}', /workflow\.nodes must be a list/)
  refused('workflow: {id: a, nodes: [{id: b}]}', /workflow\.nodes\[0\]\.model must be an object/)
  refused('workflow: {id: a, nodes: [{id: b, model: {}}]}', /nodes\[0\]\.model\.model_id is missing/)
  refused(
    'workflow: {id: a, nodes: [{id: b, model: {model_id: c}, node_input: []}]}',
    /a field node_input .* node_inputs/,
  )
  refused('workflow: {id: a, nodes: [{id: b, model: {model_id: c}, node_inputs: [b]}]}', /node_inputs\[0\] must be/)
  refused(`workflow: {id: ${'a'.repeat(FILE_CHARS_MAX)}}`, /characters/)
  refused(
    `${Array.from({ length: 9 }, (_, at) => `a${at}: &a${at} [${at === 0 ? 'x' : `${`*a${at - 1},`.repeat(9)}`}]`).join('\n')}\nworkflow: *a8`,
    /no YAML|object|known/,
  )
})
