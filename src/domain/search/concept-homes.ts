import { AppError } from '../../base/errors.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { publicPlace } from '../models/find.ts'
import { readyWorkflow } from '../predict/workflow.ts'

/**
 * Pks of the apps whose concepts annotations of the call's app have: its own, which people label with, and those of
 * models, which answer with the concepts of the app that they are in.
 */
export async function findConceptHomes(call: Call): Promise<number[]> {
  const homes = [requireApp(call.target).pk]
  const open = await publicPlace(call)
  if (open) homes.push(open.app.pk)
  try {
    const workflow = await readyWorkflow(call, { workflowId: '', versionId: '', favorClarifaiWorkflows: false })
    for (const { appPk } of workflow.rows.values()) homes.push(appPk)
  } catch (error) {
    // An app without a default workflow, or with one that cannot run, has only what it was told.
    if (!(error instanceof AppError)) throw error
  }
  return [...new Set(homes)]
}
