import { operator, type TypeEntry } from './define.ts'
import { field, INFERENCE, Kind, paramsAt } from './field.ts'

const inference = paramsAt(INFERENCE)
const anything = { input: ['any'], output: ['any'] }
const secret = (name: string, description: string) =>
  field(`${INFERENCE}.${name}`, Kind.ENCRYPTED_STRING, '', { description })

const pushFields = [
  inference.string('url', '', { description: 'Where to, by http or https.' }),
  secret('signing_key', 'Signs what is sent, so that the receiver can trust it.'),
]
const PLACEHOLDERS = 'may hold {{input}}, {{app}}, {{workflow}}, {{node}}, {{time}}, {{concepts}}, {{text}}, {{data}}.'

/** Operators that pass their input on and act on the world outside of the workflow. */
export const pushOperators: readonly TypeEntry[] = [
  operator({
    id: 'annotation-writer',
    title: 'Annotation Writer',
    description: 'Writes what it gets as an annotation of the input; only in the default workflow of an app.',
    ...anything,
    fields: [
      inference.choice('annotation_status', 'ANNOTATION_SUCCESS', [
        { id: 'ANNOTATION_SUCCESS', number: 24150 },
        { id: 'ANNOTATION_PENDING', number: 24151 },
        { id: 'ANNOTATION_AWAITING_REVIEW', number: 24157 },
        { id: 'ANNOTATION_AWAITING_CONSENSUS_REVIEW', number: 24159 },
      ]),
      field(`${INFERENCE}.annotation_user_id`, Kind.COLLABORATORS, '', { description: 'User who is the author.' }),
      inference.json('annotation_info', {}, { description: 'Becomes the info of the annotation.' }),
      inference.string('task_id', '', { description: 'Task that the annotation belongs to.' }),
    ],
  }),
  operator({
    id: 'email',
    title: 'Email Alert',
    description: 'Sends an email when data arrives, by the mail server of LIMPID_SMTP_URL (docs/webhooks.md).',
    acts: true,
    ...anything,
    fields: [
      inference.strings('recipients', [], { description: 'Addresses, at least one.' }),
      inference.string('subject', 'Alert of {{workflow}}', { description: `Subject; ${PLACEHOLDERS}` }),
      inference.string('template', '{{concepts}}\n{{text}}', { description: `Text of the mail; ${PLACEHOLDERS}` }),
    ],
  }),
  operator({
    id: 'sms',
    title: 'SMS Alert',
    description: 'Sends a text message when data arrives.',
    unavailable: 'it needs an account at a provider of text messages; use results-push to a service that has one.',
    ...anything,
    fields: [
      inference.strings('recipients', []),
      inference.string('template', ''),
      secret('auth_token', 'Provider token.'),
    ],
  }),
  operator({
    id: 'results-push',
    title: 'Results Push',
    description: 'Sends what it gets to a URL after the prediction (docs/webhooks.md).',
    acts: true,
    ...anything,
    fields: pushFields,
  }),
  operator({
    id: 'status-push',
    title: 'Status Push',
    description: 'Sends the status of inputs that are added to a URL (docs/webhooks.md); predictions send nothing.',
    acts: true,
    ...anything,
    fields: pushFields,
  }),
  operator({
    id: 'aws-lambda',
    title: 'AWS Lambda',
    description: 'Lets a function outside work on the data.',
    unavailable: 'it needs an account at a cloud provider; use results-push to a service of your own.',
    ...anything,
    fields: [
      inference.string('func_name', ''),
      inference.string('region', ''),
      secret('assume_role_arn', 'Role to take on for the call.'),
    ],
  }),
  operator({
    id: 'custom-code-operator',
    title: 'Custom Code',
    description: 'Runs a Python function `main` on the data.',
    unavailable: 'the server runs no Python; use results-push to a service of your own.',
    ...anything,
    fields: [inference.code('operator_code', '', { description: 'Python source with def main(req).' })],
  }),
]
