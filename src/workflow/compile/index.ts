export { checkAndOrder, compile, compileSingle } from './compile.ts'
export type { Compiled, CompileOptions, ResolvedModel, ResolveModel } from './types.ts'
