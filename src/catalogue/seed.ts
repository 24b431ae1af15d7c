import { createHash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.ts'
import { AppSchema, ConceptSchema, UserSchema, WorkflowSchema } from '../contract/index.ts'
import { decodeDoc, encodeDoc } from '../contract/json/index.ts'
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
import { findUserById } from '../store/repos/users.ts'
import { setDefaultWorkflow } from '../store/repos/workflows.ts'
import type { HubId } from '../weights/hub/catalogue.ts'
import { modelDocument, versionDocument, workflowDocument, workflowVersionDocument } from './documents.ts'
import { CATALOGUE_APP, CATALOGUE_USER, catalogueModels, homeOf, versionIds } from './index.ts'
import type { CatalogueHome, CatalogueModel, CatalogueWorkflow } from './types.ts'
import { workflowsWith } from './workflows.ts'

const META_KEY = 'catalogue'
// Raised when the stored form changes although the entries do not.
const FORM = 4
// By this name the users of built-in content are told from those who log in.
const BUILT_IN = 'Built-in content'

/** The workflow that new apps get a copy of when they ask for none. */
export const DEFAULT_WORKFLOW = 'Universal'

/**
 * Writes the built-in users, apps, models and workflows when they are new or changed since the last start. Entries that
 * a newer program dropped stay, since users' workflows may name them. `isReady` tells which optional weights are there.
 */
export async function seedCatalogue(
  db: Database,
  clock: Clock,
  isReady: (id: HubId) => boolean = () => false,
): Promise<void> {
  const workflows = workflowsWith(isReady)
  const hash = createHash('sha256')
    .update(JSON.stringify([FORM, catalogueModels, workflows]))
    .digest('hex')
  if ((await readMeta(db.read, META_KEY)) === hash) return
  await db.transact(async (tx) => {
    for (const [place, models] of Map.groupBy(catalogueModels, placeName)) {
      const appPk = await seedPlace(tx, homeOf(models[0]!), clock)
      if (appPk === undefined) continue
      await seedModels(tx, appPk, models, clock)
      if (place === MAIN) await seedWorkflows(tx, appPk, workflows, clock)
    }
    await writeMeta(tx, META_KEY, hash)
  })
}

const placeName = (model: CatalogueModel): string => Object.values(homeOf(model)).join('/')
const MAIN = `${CATALOGUE_USER}/${CATALOGUE_APP}`

/** The user and app of built-in models; undefined where somebody real has taken the id of the user. */
async function seedPlace(tx: Writer, { userId, appId }: CatalogueHome, clock: Clock): Promise<number | undefined> {
  const now = clock.now()
  const taken = userId === CATALOGUE_USER ? undefined : await findUserById(tx, userId)
  if (taken && decodeDoc(UserSchema, taken.doc).firstName !== BUILT_IN) return undefined
  const userPk = await putUser(
    tx,
    { id: userId, doc: encodeDoc(create(UserSchema, { firstName: BUILT_IN })), visibility: Visible.PUBLIC },
    now,
  )
  const app = create(AppSchema, {
    name: appId,
    defaultLanguage: 'en',
    description: userId === CATALOGUE_USER ? 'Built-in models and workflows' : `Built-in models under ids of ${userId}`,
  })
  return putApp(
    tx,
    {
      userPk,
      id: appId,
      name: appId,
      description: app.description,
      doc: encodeDoc(app),
      visibility: Visible.PUBLIC,
    },
    now,
  )
}

async function seedModels(tx: Writer, appPk: number, models: readonly CatalogueModel[], clock: Clock): Promise<void> {
  for (const model of models) {
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

async function seedWorkflows(
  tx: Writer,
  appPk: number,
  workflows: readonly CatalogueWorkflow[],
  clock: Clock,
): Promise<void> {
  for (const workflow of workflows) {
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
