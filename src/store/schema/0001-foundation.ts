import { nullable, type TableMaker } from './table-maker.ts'

/** Users, apps, credentials, concepts, models, workflows, blobs and what belongs to them. */
export async function foundation(make: TableMaker): Promise<void> {
  await people(make)
  await concepts(make)
  await models(make)
  await workflows(make)
  await shared(make)
}

async function people(make: TableMaker): Promise<void> {
  await make.table('users', (t) =>
    t.family().text('id').bigint('visibility').text('email', nullable).text('password_hash', nullable),
  )
  await make.index('users', ['id'], { unique: true })
  await make.index('users', ['email'], { unique: true })

  await make.table('apps', (t) =>
    t
      .family()
      .parent('user_pk', 'users')
      .text('id')
      .text('name')
      .text('description')
      .bigint('visibility')
      .bool('is_template')
      .bool('is_featured')
      .bigint('default_workflow_pk', nullable),
  )
  await make.index('apps', ['user_pk', 'id'], { unique: true })
  await make.index('apps', ['user_pk', 'modified_at desc', 'pk desc'])
  await make.index('apps', ['visibility', 'modified_at desc', 'pk desc'])

  await make.table('credentials', (t) =>
    t
      .family()
      .parent('user_pk', 'users')
      .parent('app_pk', 'apps', nullable)
      .text('kind')
      .text('secret_hash')
      .text('public_id')
      .bigint('expires_at', nullable),
  )
  await make.index('credentials', ['secret_hash'], { unique: true })
  await make.index('credentials', ['public_id'], { unique: true })
  await make.index('credentials', ['user_pk', 'created_at desc', 'pk desc'])
  await make.index('credentials', ['app_pk', 'created_at desc', 'pk desc'])

  await make.table('collaborators', (t) =>
    t.family().parent('app_pk', 'apps').parent('user_pk', 'users').text('id').bigint('deleted_at', nullable),
  )
  await make.index('collaborators', ['app_pk', 'id'], { unique: true })
  await make.index('collaborators', ['app_pk', 'user_pk'], { unique: true, live: true })
  await make.index('collaborators', ['user_pk', 'created_at desc', 'pk desc'])
}

async function concepts(make: TableMaker): Promise<void> {
  await make.table('concepts', (t) => t.family().parent('app_pk', 'apps').text('id').text('name').text('language'))
  await make.index('concepts', ['app_pk', 'id'], { unique: true })
  await make.index('concepts', ['app_pk', 'created_at', 'pk'])
  await make.index('concepts', ['app_pk', 'name'])

  await make.table('concept_languages', (t) =>
    t.family().parent('concept_pk', 'concepts').text('id').text('name').text('definition'),
  )
  await make.index('concept_languages', ['concept_pk', 'id'], { unique: true })
}

async function models(make: TableMaker): Promise<void> {
  await make.table('models', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .text('model_type_id')
      .text('name')
      .text('description')
      .bigint('visibility')
      .bool('is_bookmark')
      .bool('is_featured')
      .bigint('latest_version_pk', nullable),
  )
  await make.index('models', ['app_pk', 'id'], { unique: true })
  await make.index('models', ['app_pk', 'modified_at desc', 'pk desc'])
  await make.index('models', ['visibility', 'modified_at desc', 'pk desc'])

  await make.table('model_versions', (t) =>
    t
      .family()
      .parent('model_pk', 'models')
      .text('id')
      .bigint('status_code')
      .text('description')
      .bigint('visibility')
      .bigint('completed_at', nullable),
  )
  await make.index('model_versions', ['model_pk', 'id'], { unique: true })
  await make.index('model_versions', ['model_pk', 'created_at desc', 'pk desc'])
  await make.index('model_versions', ['id'])

  await make.table('model_version_concepts', (t) =>
    t
      .parent('version_pk', 'model_versions')
      .bigint('position')
      .parent('concept_pk', 'concepts')
      .text('doc')
      .key(['version_pk', 'position']),
  )
  await make.index('model_version_concepts', ['version_pk', 'concept_pk'], { unique: true })
  await make.index('model_version_concepts', ['concept_pk'])

  await make.table('model_version_heads', (t) =>
    t.parent('version_pk', 'model_versions').text('doc').key(['version_pk']),
  )

  await make.table('model_version_files', (t) =>
    t.parent('version_pk', 'model_versions').text('role').text('hash').key(['version_pk', 'role']),
  )

  await make.table('model_tags', (t) =>
    t.parent('model_pk', 'models').text('kind').text('tag').key(['model_pk', 'kind', 'tag']),
  )
  await make.index('model_tags', ['kind', 'tag'])
}

async function workflows(make: TableMaker): Promise<void> {
  await make.table('workflows', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .text('name')
      .text('description')
      .bigint('visibility')
      .bool('is_featured')
      .bigint('latest_version_pk', nullable),
  )
  await make.index('workflows', ['app_pk', 'id'], { unique: true })
  await make.index('workflows', ['app_pk', 'modified_at desc', 'pk desc'])
  await make.index('workflows', ['visibility', 'modified_at desc', 'pk desc'])

  await make.table('workflow_versions', (t) =>
    t
      .family()
      .parent('workflow_pk', 'workflows')
      .text('id')
      .text('description')
      .bigint('visibility')
      .bool('is_deprecated'),
  )
  await make.index('workflow_versions', ['workflow_pk', 'id'], { unique: true })
  await make.index('workflow_versions', ['workflow_pk', 'created_at desc', 'pk desc'])

  await make.table('workflow_states', (t) =>
    t.text('id').parent('app_pk', 'apps').text('doc').bigint('expires_at').key(['id']),
  )
  await make.index('workflow_states', ['app_pk'])
  await make.index('workflow_states', ['expires_at'])
}

async function shared(make: TableMaker): Promise<void> {
  await make.table('stars', (t) =>
    t
      .parent('user_pk', 'users')
      .text('kind')
      .bigint('resource_pk')
      .bigint('created_at')
      .key(['user_pk', 'kind', 'resource_pk']),
  )
  await make.index('stars', ['kind', 'resource_pk'])

  await make.table('redirects', (t) =>
    t
      .text('kind')
      .bigint('parent_pk')
      .text('old_id')
      .bigint('resource_pk')
      .bigint('created_at')
      .key(['kind', 'parent_pk', 'old_id']),
  )
  await make.index('redirects', ['kind', 'resource_pk'])

  await make.table('blobs', (t) =>
    t
      .text('hash')
      .bigint('size')
      .text('content_type')
      .bigint('ref_count')
      .bigint('created_at')
      .bigint('modified_at')
      .key(['hash']),
  )
  await make.index('blobs', ['ref_count', 'modified_at'])
}
