import type { FamilyColumns } from './columns.ts'

/** The document is the ComputeCluster message. */
export interface ComputeClustersTable extends FamilyColumns {
  user_pk: number
  id: string
  visibility: number
}

/** The document is the Nodepool message. */
export interface NodepoolsTable extends FamilyColumns {
  cluster_pk: number
  id: string
  visibility: number
}

/** The document is the Runner message. */
export interface RunnersTable extends FamilyColumns {
  user_pk: number
  /** None for those of older clients, which belong to the user alone. */
  nodepool_pk: number | null
  id: string
  num_replicas: number
  /** What it works for; 0 for what its labels say. No foreign keys, as the runner outlives both. */
  model_pk: number
  /** 0 for every version of the model. */
  version_pk: number
}

/** The document is the Deployment message. */
export interface DeploymentsTable extends FamilyColumns {
  user_pk: number
  id: string
  visibility: number
  model_pk: number
  version_pk: number
}

export interface DeploymentNodepoolsTable {
  deployment_pk: number
  nodepool_pk: number
  /** In the order of the message. */
  position: number
}
