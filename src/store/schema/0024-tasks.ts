import type { TableMaker } from './table-maker.ts'

/** Tasks of labelling, who works on them, what is assigned to whom and what reviewers say of it. */
export async function tasks(make: TableMaker): Promise<void> {
  await make.table('tasks', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .bigint('status_code')
      .text('status_details')
      .bigint('visibility')
      .text('label_order_id')
      .bigint('source_type')
      .text('source_id')
      .bigint('version_pk')
      .bigint('cursor'),
  )
  await make.index('tasks', ['app_pk', 'id'], { unique: true })
  await make.index('tasks', ['app_pk', 'created_at desc', 'pk desc'])
  await make.table('task_members', (t) =>
    t.parent('task_pk', 'tasks').text('role').text('user_id').bigint('place').key(['task_pk', 'role', 'user_id']),
  )
  await make.table('task_assignments', (t) =>
    t
      .pk()
      .bigint('task_pk')
      .parent('input_pk', 'inputs')
      .text('worker_kind')
      .text('worker_id')
      .bigint('status_code')
      .bigint('created_at')
      .bigint('modified_at'),
  )
  await make.index('task_assignments', ['input_pk', 'task_pk', 'worker_kind', 'worker_id'], { unique: true })
  await make.index('task_assignments', ['task_pk', 'worker_kind', 'worker_id', 'status_code', 'pk'])
  await make.index('task_assignments', ['task_pk', 'status_code', 'pk'])
  await make.table('task_reviews', (t) =>
    t
      .parent('assignment_pk', 'task_assignments')
      .bigint('task_pk')
      .text('user_id')
      .bigint('status_code')
      .bigint('modified_at')
      .key(['assignment_pk', 'user_id']),
  )
  await make.index('task_reviews', ['task_pk', 'user_id', 'status_code', 'assignment_pk'])
  await make.index('annotations', ['app_pk', 'task_id', 'worker_kind', 'worker_id', 'status_code'], {
    where: "task_id <> ''",
  })
}
