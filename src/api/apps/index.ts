export { appFamily } from './resource.ts'
