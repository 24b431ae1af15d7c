import { createHash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.ts'
import { AppSchema, ConceptSchema, UserSchema, WorkflowSchema } from '../contract/index.ts'
import { encodeDoc } from '../contract/json/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { Visible } from '../domain/access/target.ts'
import type { Database, Writer } from '../store/database.ts'
import {
  putApp,
  putConcept,
  putModel,
  putModelVersion,
  putUser,
  putWorkflow,
  putWorkflowVersion,
} from '../store/repos/catalogue.ts'
import { readMeta, writeMeta } from '../store/repos/meta.ts'
import { setVersionConcepts } from '../store/repos/model-versions.ts'
import { setModelTags } from '../store/repos/models.ts'
import { setDefaultWorkflow } from '../store/repos/workflows.ts'
import { modelDocument, versionDocument, workflowDocument, workflowVersionDocument } from './documents.ts'
import { CATALOGUE_APP, CATALOGUE_USER, catalogueModels, versionIds } from './index.ts'
import { catalogueWorkflows } from './workflows.ts'

const META_KEY = 'catalogue'
// Raised when the stored form changes although the entries do not.
const FORM = 3

/** The workflow that new apps get a copy of when they ask for none. */
export const DEFAULT_WORKFLOW = 'Universal'

/**
 * Writes the built-in user, app, models and workflows when they are new or changed since the last start. Entries that
 * a newer program dropped stay, since users' workflows may name them.
 */
export async function seedCatalogue(db: Database, clock: Clock): Promise<void> {
  const hash = createHash('sha256')
    .update(JSON.stringify([FORM, catalogueModels, catalogueWorkflows]))
    .digest('hex')
  if ((await readMeta(db.read, META_KEY)) === hash) return
  await db.transact(async (tx) => {
    const now = clock.now()
    const userPk = await putUser(
      tx,
      {
        id: CATALOGUE_USER,
        doc: encodeDoc(create(UserSchema, { firstName: 'Built-in content' })),
        visibility: Visible.PUBLIC,
      },
      now,
    )
    const app = create(AppSchema, {
      name: CATALOGUE_APP,
      defaultLanguage: 'en',
      description: 'Built-in models and workflows',
    })
    const appPk = await putApp(
      tx,
      {
        userPk,
        id: CATALOGUE_APP,
        name: CATALOGUE_APP,
        description: app.description,
        doc: encodeDoc(app),
        visibility: Visible.PUBLIC,
      },
      now,
    )
    await seedModels(tx, appPk, clock)
    await seedWorkflows(tx, appPk, clock)
    await writeMeta(tx, META_KEY, hash)
  })
}

async function seedModels(tx: Writer, appPk: number, clock: Clock): Promise<void> {
  for (const model of catalogueModels) {
    const doc = modelDocument(model)
    const modelPk = await putModel(
      tx,
      {
        appPk,
        id: model.id,
        doc: encodeDoc(doc),
        typeId: model.typeId,
        name: model.id,
        description: model.description,
        visibility: Visible.PUBLIC,
      },
      clock.now(),
    )
    await setModelTags(tx, modelPk, { toolkit: doc.toolkits, use_case: doc.useCases, language: doc.languages })
    const version = versionDocument(model)
    const links: { conceptPk: number; doc: string }[] = []
    const link = encodeDoc(create(ConceptSchema, { value: 1 }))
    for (const { id, name } of model.concepts ?? []) {
      links.push({ conceptPk: await putConcept(tx, { appPk, id, name }, clock.now()), doc: link })
    }
    // The newest goes in last, so that the order of times is the order of versions.
    for (const id of versionIds(model).toReversed()) {
      const versionPk = await putModelVersion(
        tx,
        {
          modelPk,
          id,
          doc: encodeDoc(version),
          statusCode: version.status?.code ?? StatusCode.MODEL_TRAINED,
          description: model.description,
          visibility: Visible.PUBLIC,
        },
        clock.now(),
      )
      await setVersionConcepts(tx, versionPk, links)
    }
  }
}

async function seedWorkflows(tx: Writer, appPk: number, clock: Clock): Promise<void> {
  for (const workflow of catalogueWorkflows) {
    const doc = workflowDocument(workflow)
    const pk = await putWorkflow(
      tx,
      {
        appPk,
        id: workflow.id,
        doc: encodeDoc(create(WorkflowSchema, doc)),
        description: workflow.description,
        visibility: Visible.PUBLIC,
      },
      clock.now(),
    )
    const version = encodeDoc(workflowVersionDocument(workflow))
    const id = createHash('sha256')
      .update(`limpid workflow version\0${workflow.id}\0${version}`)
      .digest('hex')
      .slice(0, 32)
    await putWorkflowVersion(
      tx,
      { workflowPk: pk, id, doc: version, description: workflow.description, visibility: Visible.PUBLIC },
      clock.now(),
    )
    if (workflow.id === DEFAULT_WORKFLOW) await setDefaultWorkflow(tx, appPk, pk)
  }
}
